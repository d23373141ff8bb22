import { GUEST_BYTES, plantDecoys } from './tracker/decoys.js';
import { debuggerBlock, encodeDebuggerBlock } from './kernel/kernel-debugger-block.js';
import { writeBigPages } from './objects/big-pages-writer.js';
import { realBuild, unknownBuild, variableSize, type KernelBuild } from './kernel/kernel-builds.js';
import { kernelImage, type KernelImage } from './kernel/kernel-image-writer.js';
import { fileTime, KUSER_SHARED_DATA, kuserSharedData } from './kernel/kuser-shared-data.js';
import { objectBuild } from './kernel/kernel-structures.js';
import { lowStub } from './kernel/low-stub.js';
import { ObjectWriter } from './objects/object-writer.js';
import type { GeneratedMemory, MemoryPlan, MemoryTruth, TableTruth } from './memory-plan.js';
import { PageTableWriter, type PageKind } from './page-table-writer.js';
import { Random } from './random.js';
import { PAGE, pcRanges, SparseMemory } from './sparse-memory.js';
import { losePages, plannedTables } from './tracker/planned-tables.js';
import type { EntrySize } from './tracker/tracker-layouts.js';
import { mergeTables, tableBytes, type TrackerTables } from './tracker/tracker-table-writer.js';

const MIB = 0x100000;
const TWO_MIB = 2 * MIB;
const KERNEL_REGION = 0xfffff80000000000n;
/** Root slots that the kernel image, KUSER_SHARED_DATA and the pool take. */
const ROOT_SLOTS = { kernel: 0x1f0, kuser: 0x1ef, pool: 0x111 };
const POOL = { 4: 0xffff888000000000n, 5: 0xff11200000000000n } as const;

/**
 * Memory of a Windows machine, made of nothing but the plan: page tables, kernel image, variables, pool tag tables.
 * @throws RangeError for a plan that cannot be: too little memory, equal keys
 */
export function generateMemory(plan: MemoryPlan = {}): GeneratedMemory {
  const random = new Random(plan.seed ?? 1);
  const build = withObjectVariables(chooseBuild(plan, random), plan);
  const entrySize = build.trackerEntry.size as EntrySize;
  const memory = new SparseMemory(plan.ramRanges ?? pcRanges(plan.memoryBytes ?? 64 * MIB), random);
  // Before all else: later there may be no such run left.
  const guestAt = plan.decoys?.includes('guest') === true ? memory.allocateRun(GUEST_BYTES / PAGE, 256) : 0;
  const kernel = placeKernel(memory, random, build, plan);
  const space = new PageTableWriter(memory, plan.pageTables ?? 4, plan.selfMapIndex ?? freeRootSlot(random));
  mapKernel(memory, space, kernel);
  for (const part of kernel.image.parts) space.write(kernel.base + BigInt(part.rva), part.bytes);
  const variables = Object.fromEntries(
    Object.entries(build.rva).map(([name, rva]) => [name, kernel.base + BigInt(rva)]),
  );
  writeNoise(space, random, build, kernel);

  const tracker = plannedTables(plan, random, entrySize);
  const { tables, expansion } = writeTables(memory, space, tracker, plan);
  const at = (name: string): bigint => variables[name] ?? 0n;
  space.writeU64(at('PoolTrackTable'), tables[0]?.address ?? 0n);
  space.writeU64(at('PoolTrackTableSize'), BigInt(tracker.slots + 1));
  space.writeU64(at('PoolTrackTableMask'), BigInt(tracker.slots - 1));
  for (const [processor, table] of tables.entries())
    space.writeU64(at('ExPoolTagTables') + BigInt(processor * 8), table.address);
  space.writeU64(at('PoolTrackTableExpansion'), expansion?.address ?? 0n);
  space.writeU64(at('PoolTrackTableExpansionSize'), BigInt(tracker.expansionSize));
  for (const head of ['PsActiveProcessHead', 'PsLoadedModuleList'])
    for (const link of [0n, 8n]) space.writeU64(at(head) + link, at(head));

  const [major = 10, minor = 0, number = 0] = build.version.split('.').map(Number);
  if (variables['NtBuildLab'] !== undefined)
    space.write(at('NtBuildLab'), Buffer.from(`${number}.1.amd64fre.generated.240901-1200\0`));
  const systemTime = plan.systemTime ?? new Date('2024-09-01T12:00:00Z');
  space.map(KUSER_SHARED_DATA, memory.allocatePage());
  space.write(
    KUSER_SHARED_DATA,
    kuserSharedData({
      systemTime: fileTime(systemTime),
      upTime: 864000000000n,
      major,
      minor,
      build: number,
      processors: tables.length,
      // Page 0 is the firmware's: Windows does not count it.
      physicalPages: memory.ranges.reduce((sum, [start, end]) => sum + (end - start) / PAGE, 0) - 1,
    }),
  );
  const kdbg = writeDebuggerBlock(space, random, variables, kernel.base, number, plan.kdbg ?? 'plain');
  const stub = (plan.lowStub ?? true) ? memory.allocateLowPage() : null;
  if (stub !== null)
    memory.write(
      stub,
      lowStub({ kernelEntry: kernel.base + 0x5a30n, selfMap: 0xfffff7a000000000n + BigInt(stub), root: space.root }),
    );

  const merged = mergeTables(tracker);
  const generated = {
    memory,
    space,
    random,
    tracker,
    merged,
    variables,
    poolAt: POOL[space.levels] + 0x40000000n,
    guestAt,
    build,
  };
  const decoys = plantDecoys(
    plan.decoys ?? [],
    generated,
    (guest) => generateMemory({ ...guest, seed: (plan.seed ?? 1) + 1000 }).memory,
  );
  const objects =
    plan.processes === undefined
      ? null
      : new ObjectWriter(space, random, objectBuild(build), variables, POOL[space.levels] + 0x60000000n).write(
          plan.processes,
        );
  const bigPages =
    plan.bigPages === undefined
      ? []
      : writeBigPages(space, objectBuild(build), variables, plan.bigPages, POOL[space.levels] + 0x70000000n);
  const readable = losePages(memory, tracker, tables, plan);
  const truth: MemoryTruth = {
    build,
    entrySize,
    dtb: space.root,
    levels: space.levels,
    selfMapIndex: space.selfMapIndex,
    lowStub: stub,
    kernelBase: kernel.base,
    kernelSize: kernel.image.size,
    variables,
    kdbg,
    systemTime,
    tables,
    expansion,
    tracker,
    merged,
    readable,
    decoys,
    objects,
    bigPages,
  };
  return { memory, space, truth };
}

interface PlacedKernel {
  readonly base: bigint;
  readonly image: KernelImage;
  /** First physical address and kind of the large pages; null: scattered small ones. */
  readonly large: { readonly physical: number; readonly kind: PageKind; readonly span: number } | null;
}

function chooseBuild(plan: MemoryPlan, random: Random): KernelBuild {
  if (plan.build === 'unknown') return unknownBuild(random, plan.layout ?? 56);
  return plan.build ?? realBuild(plan.layout ?? 56);
}

/** The variables of the lists of objects, which the list of builds lacks. */
function withObjectVariables(build: KernelBuild, plan: MemoryPlan): KernelBuild {
  return plan.processes === undefined ? build : { ...build, rva: { ...build.rva, ...objectBuild(build).variables } };
}

function placeKernel(memory: SparseMemory, random: Random, build: KernelBuild, plan: MemoryPlan): PlacedKernel {
  const size = kernelImage(build, 0n).size;
  if (plan.largePages === '1GiB') {
    const physical = memory.allocateRun(Math.ceil(size / PAGE));
    const region = KERNEL_REGION + BigInt(1 + random.below(200)) * 0x40000000n;
    const base = region + BigInt(physical % 0x40000000);
    return { base, image: kernelImage(build, base), large: { physical, kind: 'huge', span: 0x40000000 } };
  }
  if (plan.largePages === '2MiB') {
    const base = KERNEL_REGION + BigInt(1 + random.below(0x1ffff)) * BigInt(TWO_MIB);
    const physical = memory.allocateRun(Math.ceil(size / TWO_MIB) * 512, 512);
    return { base, image: kernelImage(build, base), large: { physical, kind: 'large', span: TWO_MIB } };
  }
  const base = KERNEL_REGION + BigInt(0x1000 + random.below(0x3ff0000)) * BigInt(PAGE);
  return { base, image: kernelImage(build, base), large: null };
}

function mapKernel(memory: SparseMemory, space: PageTableWriter, { base, image, large }: PlacedKernel): void {
  if (large === null) {
    for (const page of image.mappedPages) space.map(base + BigInt(page * PAGE), memory.allocatePage());
    return;
  }
  const skew = large.physical % large.span;
  const span = BigInt(large.span);
  for (
    let at = base - BigInt(skew), physical = large.physical - skew;
    at < base + BigInt(image.size);
    at += span, physical += large.span
  ) {
    space.map(at, physical, large.kind);
  }
  for (const page of image.mappedPages) memory.page((large.physical + page * PAGE) / PAGE);
}

/** Pointers and numbers between the variables, as a real .data has them. */
function writeNoise(space: PageTableWriter, random: Random, build: KernelBuild, { base, image }: PlacedKernel): void {
  const used = Object.entries(build.rva).map(([name, rva]) => [rva, rva + variableSize(build, name)] as const);
  for (const section of image.sections.filter(({ name }) => name === '.data' || name === 'ALMOSTRO')) {
    for (let i = 0; i < Math.min(200, section.size / 64); i++) {
      const rva = section.rva + 8 * random.below(section.size / 8);
      if (used.some(([start, end]) => rva + 8 > start && rva < end)) continue;
      const value = random.pick([
        base + BigInt(random.below(image.size)),
        POOL[space.levels] + BigInt(random.below(0x1000000) * 16),
        BigInt(random.below(0x2000)),
        random.u64(),
      ]);
      space.writeU64(base + BigInt(rva), value);
    }
  }
}

function writeTables(
  memory: SparseMemory,
  space: PageTableWriter,
  tracker: TrackerTables,
  plan: MemoryPlan,
): { tables: TableTruth[]; expansion: TableTruth | null } {
  const kindOf = (page: number): PageKind => (plan.transitionPages === true && page % 2 === 1 ? 'transition' : 'small');
  let next = POOL[space.levels] + 0x11000n;
  const place = (bytes: Buffer): TableTruth => {
    const address = next;
    const pages = space.mapFresh(address, bytes.length, kindOf);
    space.write(address, bytes);
    next += BigInt((pages.length + 1) * PAGE);
    return { address, pages };
  };
  const tables = tracker.entries.map((entries, processor) => {
    const bytes = tableBytes(tracker.entrySize, tracker.slots + 1, entries);
    if (processor > 0 || plan.largePages !== '2MiB') return place(bytes);
    const span = Math.ceil((bytes.length + 0x10000) / TWO_MIB);
    const physical = memory.allocateRun(span * 512, 512);
    const region = POOL[space.levels] + 0x80000000n;
    for (let i = 0; i < span; i++) space.map(region + BigInt(i * TWO_MIB), physical + i * TWO_MIB, 'large');
    space.write(region + 0x10000n, bytes);
    return {
      address: region + 0x10000n,
      pages: Array.from({ length: Math.ceil(bytes.length / PAGE) }, (_, page) => physical + 0x10000 + page * PAGE),
    };
  });
  const expansion =
    tracker.expansionSize === 0 ? null : place(tableBytes(tracker.entrySize, tracker.expansionSize, tracker.expansion));
  return { tables, expansion };
}

function writeDebuggerBlock(
  space: PageTableWriter,
  random: Random,
  variables: Readonly<Record<string, bigint>>,
  kernelBase: bigint,
  build: number,
  kind: 'plain' | 'encoded' | 'absent',
): MemoryTruth['kdbg'] {
  const at = (name: string): bigint => variables[name] ?? 0n;
  if (kind === 'absent') return null;
  const size = build >= 19041 ? 0x380 : build >= 14393 ? 0x368 : build >= 9600 ? 0x360 : 0x340;
  const plain = debuggerBlock({
    size,
    kernelBase,
    listHead: at('PsLoadedModuleList') - 0x20n,
    psLoadedModuleList: at('PsLoadedModuleList'),
    psActiveProcessHead: at('PsActiveProcessHead'),
    pspCidTable: at('PspCidTable'),
    poolTrackTable: at('PoolTrackTable'),
    ntBuildLab: at('NtBuildLab'),
  });
  const keys = { waitNever: random.u64(), waitAlways: random.u64(), dataBlockEncoded: at('KdpDataBlockEncoded') };
  space.writeU64(at('KiWaitNever'), keys.waitNever);
  space.writeU64(at('KiWaitAlways'), keys.waitAlways);
  space.write(at('KdpDataBlockEncoded'), Buffer.from([kind === 'encoded' ? 1 : 0]));
  space.write(at('KdDebuggerDataBlock'), kind === 'encoded' ? encodeDebuggerBlock(plain, keys) : plain);
  return { address: at('KdDebuggerDataBlock'), encoded: kind === 'encoded' };
}

function freeRootSlot(random: Random): number {
  const taken = [...Object.values(ROOT_SLOTS), 0x1ff];
  for (;;) {
    const slot = 0x100 + random.below(0x100);
    if (!taken.includes(slot)) return slot;
  }
}
