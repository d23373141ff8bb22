import type { KernelBuild } from '../kernel/kernel-builds.js';
import { kernelImage } from '../kernel/kernel-image-writer.js';
import { lowStub } from '../kernel/low-stub.js';
import type { Decoy, MemoryPlan, MemoryTruth } from '../memory-plan.js';
import { PageTableWriter } from '../paging/page-table-writer.js';
import type { Random } from '../random.js';
import { PAGE, type SparseMemory } from '../sparse-memory.js';
import { placeTags, tableBytes, type MergedEntry, type TrackerTables } from './tracker-table-writer.js';

/** RAM of the virtual machine that the `guest` decoy is. */
export const GUEST_BYTES = 16 * 0x100000;

interface Scene {
  readonly memory: SparseMemory;
  readonly space: PageTableWriter;
  readonly random: Random;
  readonly tracker: TrackerTables;
  readonly merged: readonly MergedEntry[];
  readonly variables: Readonly<Record<string, bigint>>;
  readonly build: KernelBuild;
  /** Pool addresses from here on are free to map. */
  readonly poolAt: bigint;
  /** Where session space lies. */
  readonly sessionAt: bigint;
  /** GUEST_BYTES of free memory in a row, when a guest is wanted. */
  readonly guestAt: number;
}

/** Plants what was asked for, in that order; the physical addresses of each. */
export function plantDecoys(
  kinds: readonly Decoy[],
  scene: Scene,
  generateGuest: (plan: MemoryPlan) => SparseMemory,
): MemoryTruth['decoys'] {
  return kinds.map((kind) => ({
    kind,
    addresses: kind === 'guest' ? guest(scene, generateGuest) : PLANTERS[kind](scene),
  }));
}

const PLANTERS: Record<Exclude<Decoy, 'guest'>, (scene: Scene) => number[]> = {
  staleLowStub({ memory, random }) {
    const stub = memory.allocateLowPage();
    const root = memory.allocatePage();
    memory.write(root, random.bytes(PAGE));
    memory.write(
      stub,
      lowStub({ kernelEntry: 0xfffff80012345a30n, selfMap: 0xfffff7a000000000n + BigInt(stub), root }),
    );
    return [stub, root];
  },

  foreignRoot({ memory, space }) {
    if (space.pointerSize === 4) return [new PageTableWriter(memory, space.kind, 0).root];
    const root = memory.allocatePage();
    memory.writeU64(root + 0x1ed * 8, BigInt(root) | 0x863n);
    memory.writeU64(root + 0x1f0 * 8, BigInt(memory.allocatePage()) | 0x863n);
    return [root];
  },

  processRoot({ space }) {
    return [space.processRoot()];
  },

  snapshot({ memory, space, merged, tracker, poolAt }) {
    const bytes = tableBytes(
      tracker.entrySize,
      tracker.slots + 1,
      merged.filter(({ place }) => place !== 'expansion'),
    );
    const freed = memory.allocateRun(Math.ceil(bytes.length / PAGE));
    memory.write(freed, bytes);
    const live = space.mapFresh(poolAt, bytes.length);
    space.write(poolAt, bytes);
    return [freed, ...live];
  },

  freedTable({ space, random, tracker, poolAt }) {
    const at = poolAt + 0x10000000n;
    const bytes = tableBytes(tracker.entrySize, tracker.slots + 1, tracker.entries[0] ?? []);
    const pages = space.mapFresh(at, bytes.length);
    random.bytes(Math.floor(bytes.length / 2)).copy(bytes);
    space.write(at, bytes);
    return pages;
  },

  otherRsds({ memory, random, build }) {
    const other = { ...build, guid: random.bytes(16).toString('hex').toUpperCase() };
    const pages = memory.allocateRun(2);
    for (const part of kernelImage(other, build.arch === 'x86' ? 0x400000n : 0x140000000n).parts)
      memory.write(pages + part.rva, part.bytes);
    return [pages];
  },

  sessionTable({ space, random, tracker, variables, sessionAt }) {
    const slots = 256;
    const tags = Array.from({ length: 80 }, () => ({
      key: (random.u32() & 0x7f7f7f7f) | 1,
      perProcessor: [{ pagedAllocs: 9n, pagedBytes: 144n }],
    }));
    const session = placeTags(tags, { entrySize: tracker.entrySize, slots, processors: 1 });
    const bytes = tableBytes(tracker.entrySize, slots + 1, session.entries[0] ?? []);
    const pages = space.mapFresh(sessionAt, bytes.length);
    space.write(sessionAt, bytes);
    if (variables['ExpSessionPoolTrackTable'] !== undefined)
      space.writePointer(variables['ExpSessionPoolTrackTable'], sessionAt);
    return pages;
  },
};

function guest({ memory, guestAt }: Scene, generateGuest: (plan: MemoryPlan) => SparseMemory): number[] {
  const inner = generateGuest({ memoryBytes: GUEST_BYTES, layout: 56, tagCount: 100 });
  for (const [frame, page] of inner.pages) memory.write(guestAt + frame * PAGE, page);
  return [guestAt];
}
