import { addCounters, counters, writeEntry, type Counters, type EntrySize } from './tracker-layouts.js';
import { PAGE } from '../sparse-memory.js';

export const OVERFLOW_KEY = 0x6c66764f;

/** A tag with what each processor counted; null (or a missing element) where that processor never touched it. */
export interface TagPlan {
  /** Unsigned 32-bit, not 0 and not the overflow key. */
  readonly key: number;
  readonly perProcessor: readonly (Partial<Counters> | null)[];
}

export type TagPlace = 'table' | 'overflow' | 'expansion';

/** One entry as it lies in a table. */
export interface TableEntry {
  readonly slot: number;
  readonly key: number;
  readonly counters: Counters;
}

/** One tag's totals, as the kernel's own report adds them up, before it raises allocs to frees. */
export interface MergedEntry extends TableEntry {
  readonly place: TagPlace;
  /** Tables whose entry bears the key; 1 in the expansion table. */
  readonly processorsSeen: number;
  /** False where an entry of this slot lies (in part) in a page that is missing. */
  readonly complete: boolean;
}

export interface TrackerTables {
  readonly entrySize: EntrySize;
  /** N: hashed slots; a table has N + 1 entries. */
  readonly slots: number;
  /** Entries by processor, ascending by slot, keys other than 0 only. */
  readonly entries: readonly (readonly TableEntry[])[];
  /** Entries of the expansion table in order; its size in entries is 0 when there is none. */
  readonly expansion: readonly TableEntry[];
  readonly expansionSize: number;
}

/** ExpComputeHashForTag of Windows Vista and later, before masking. */
export function tagHash(key: number): number {
  const product = 40543n * BigInt(key);
  return Number((product & 0xffffffffn) ^ (product >> 32n));
}

/** What an expansion table with so many entries in use has grown to: page by page, each time when it was full. */
export function grownSize(used: number, entrySize: EntrySize): number {
  let entries = 0;
  while (entries < used) entries = Math.floor((Math.ceil((entries * entrySize) / PAGE) * PAGE + PAGE) / entrySize);
  return entries;
}

/**
 * Places tags in the order given, as the kernel does: at the hash slot, else the next free one, else in the expansion
 * table, and when that is full too, in the overflow slot.
 */
export function placeTags(
  tags: readonly TagPlan[],
  options: { entrySize: EntrySize; slots: number; processors: number; expansionSize?: number },
): TrackerTables {
  const { entrySize, slots, processors } = options;
  const keys = new Int32Array(slots);
  const entries: TableEntry[][] = Array.from({ length: processors }, () => []);
  const overflow: (Counters | undefined)[] = [];
  const expansion: TableEntry[] = [];
  const spilled = Math.max(0, tags.length - slots);
  const expansionSize = options.expansionSize ?? (spilled === 0 ? 0 : grownSize(spilled, entrySize));

  for (const tag of tags) {
    const shares = Array.from({ length: processors }, (_, processor) => tag.perProcessor[processor] ?? null);
    const slot = freeSlot(keys, tag.key);
    if (slot !== null) {
      keys[slot] = tag.key | 0;
      for (const [processor, share] of shares.entries()) {
        if (processor > 0 && share === null) continue;
        entries[processor]?.push({ slot, key: tag.key, counters: counters(entrySize, share ?? {}) });
      }
    } else if (expansion.length < expansionSize) {
      const sum = shares.reduce<Counters>(
        (total, share) => addCounters(entrySize, total, counters(entrySize, share ?? {})),
        counters(entrySize),
      );
      expansion.push({ slot: expansion.length, key: tag.key, counters: sum });
    } else {
      for (const [processor, share] of shares.entries()) {
        if (processor > 0 && share === null) continue;
        overflow[processor] = addCounters(
          entrySize,
          overflow[processor] ?? counters(entrySize),
          counters(entrySize, share ?? {}),
        );
      }
    }
  }
  for (const [processor, total] of overflow.entries()) {
    if (total !== undefined) entries[processor]?.push({ slot: slots, key: OVERFLOW_KEY, counters: total });
  }
  for (const list of entries) list.sort((a, b) => a.slot - b.slot);
  return { entrySize, slots, entries, expansion, expansionSize };
}

/** The bytes of one processor's table (N + 1 entries), or of any other list of entries. */
export function tableBytes(entrySize: EntrySize, entryCount: number, entries: readonly TableEntry[]): Buffer {
  const bytes = Buffer.alloc(entryCount * entrySize);
  for (const entry of entries) writeEntry(bytes, entry.slot * entrySize, entrySize, entry.key, entry.counters);
  return bytes;
}

/**
 * The totals in table order, then the expansion table.
 * @param isLost tells which entries cannot be read: those are left out of the sums, and what they would have added to
 *   is marked incomplete; a slot that no table shows is left out
 */
export function mergeTables(
  tables: TrackerTables,
  isLost: (processor: number, slot: number) => boolean = () => false,
): MergedEntry[] {
  const sums = new Map<number, MergedEntry>();
  for (const [processor, list] of tables.entries.entries()) {
    for (const entry of list) {
      if (isLost(processor, entry.slot)) continue;
      const seen = sums.get(entry.slot);
      sums.set(entry.slot, {
        slot: entry.slot,
        key: entry.key,
        place: entry.slot === tables.slots ? 'overflow' : 'table',
        processorsSeen: (seen?.processorsSeen ?? 0) + 1,
        complete: !tables.entries.some((_, other) => isLost(other, entry.slot)),
        counters: seen === undefined ? entry.counters : addCounters(tables.entrySize, seen.counters, entry.counters),
      });
    }
  }
  const merged = [...sums.values()].sort((a, b) => a.slot - b.slot);
  for (const entry of tables.expansion)
    merged.push({ ...entry, place: 'expansion', processorsSeen: 1, complete: true });
  return merged;
}

function freeSlot(keys: Int32Array, key: number): number | null {
  const mask = keys.length - 1;
  const home = tagHash(key) & mask;
  for (let step = 0; step <= mask; step++) {
    const slot = (home + step) & mask;
    if (keys[slot] === 0) return slot;
  }
  return null;
}
