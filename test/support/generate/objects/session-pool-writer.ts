import type { PageTableWriter } from '../paging/page-table-writer.js';
import { PAGE, type SparseMemory } from '../sparse-memory.js';
import type { EntrySize } from '../tracker/tracker-layouts.js';
import { counters } from '../tracker/tracker-layouts.js';
import { type TableEntry, tableBytes, tagHash, type TagPlan } from '../tracker/tracker-table-writer.js';
import type { ObjectBuild } from '../kernel/kernel-structures.js';
import type { ObjectTruth, SessionPoolPlan, SessionPoolTruth } from './object-plan.js';

/** Where an expansion table lies in session space. */
const EXPANSION_AT = 0x200000n;

/** The largest power of two of entries that the bytes for the tags hold, as MiSessionPoolTrackTableSize says. */
export function sessionTableSize(version: string, entrySize: EntrySize): number {
  const build = Number(version.split('.')[2]);
  const bytes = build >= 19041 ? 0x4000 : 0x2000;
  return 2 ** Math.floor(Math.log2(bytes / entrySize));
}

interface Scene {
  readonly memory: SparseMemory;
  readonly space: PageTableWriter;
  readonly build: ObjectBuild;
  readonly variables: Readonly<Record<string, bigint>>;
  readonly entrySize: EntrySize;
  /** The same address in every session. */
  readonly sessionAt: bigint;
}

/**
 * Gives each session of a plan its own page tables, in which its structure and its pool tags lie at the addresses that
 * all sessions share. To be called when everything else is mapped.
 */
export function writeSessionPools(
  scene: Scene,
  objects: ObjectTruth,
  plans: readonly SessionPoolPlan[],
): SessionPoolTruth[] {
  const { space, build, variables, entrySize, sessionAt } = scene;
  const field = (name: string): number | undefined => build.structures['sessionSpace']?.[name];
  const size = sessionTableSize(build.version, entrySize);
  const named = variables['ExpSessionPoolTrackTable'];
  const tags = BigInt(
    named === undefined ? 0x10000 : (field('PoolTags') ?? Math.ceil(Number(field('size')) / PAGE) * PAGE),
  );
  const at = sessionAt + tags;
  if (named !== undefined) space.writePointer(named, at);
  for (const [name, value] of [
    ['Size', size],
    ['Mask', size - 1],
  ] as const) {
    const variable = variables[`ExpSessionPoolTrackTable${name}`];
    if (variable !== undefined) space.writePointer(variable, BigInt(value));
  }
  return plans.map((plan) => {
    const session = objects.sessions.get(plan.session);
    if (session === undefined) throw new RangeError(`no process is in session ${plan.session}`);
    const { entries, expansion } = placeSessionTags(plan.tags, size, entrySize);
    const members = objects.processes.filter(({ plan: one }) => one.session === plan.session);
    const root = space.processRoot();
    for (const { address } of members)
      space.writePointer(address + BigInt(build.structures['kprocess']!['DirectoryTableBase']!), BigInt(root));

    for (let page = 0; page * PAGE < Number(field('size')); page++)
      space.mapIn(root, sessionAt + BigInt(page * PAGE), space.physical(session + BigInt(page * PAGE)));
    const place = (address: bigint, bytes: Buffer): number[] => space.mapFreshIn(root, address, bytes);
    const pages = place(at, tableBytes(entrySize, size, entries));
    if (named === undefined) space.writePointer(session + BigInt(field('PoolTags')!), at);
    if (expansion.length > 0) {
      const count = Math.floor((Math.ceil((expansion.length * entrySize) / PAGE) * PAGE) / entrySize);
      place(sessionAt + EXPANSION_AT, tableBytes(entrySize, count, expansion));
      space.writePointer(session + BigInt(field('PoolTrackTableExpansion')!), sessionAt + EXPANSION_AT);
      space.writePointer(session + BigInt(field('PoolTrackTableExpansionSize')!), BigInt(count));
    }
    return { session: plan.session, root, table: at, size, pages, entries, expansion };
  });
}

/** Places tags as the kernel does: the last entry is never taken, and what finds no free one goes to the expansion. */
function placeSessionTags(
  tags: readonly TagPlan[],
  size: number,
  entrySize: EntrySize,
): { entries: TableEntry[]; expansion: TableEntry[] } {
  const taken = new Set<number>([size - 1]);
  const entries: TableEntry[] = [];
  const expansion: TableEntry[] = [];
  for (const { key, perProcessor } of tags) {
    const counted = counters(entrySize, perProcessor[0] ?? {});
    let slot = tagHash(key) & (size - 1);
    if (taken.size === size) expansion.push({ slot: expansion.length, key, counters: counted });
    else {
      while (taken.has(slot)) slot = (slot + 1) & (size - 1);
      taken.add(slot);
      entries.push({ slot, key, counters: counted });
    }
  }
  return { entries: entries.sort((a, b) => a.slot - b.slot), expansion };
}
