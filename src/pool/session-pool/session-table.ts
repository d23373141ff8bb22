import { PAGE_SIZE, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { describeProof, hashOfKey, judge, type LawProof, UNKNOWN } from '../table/hash-law.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import { TrackerTable } from '../table/tracker-table.js';

/** Numbers of entries that a session's table may have where no variable says it: 128 and 256 in all known builds. */
const SIZES = [64, 128, 256, 512, 1024];
/** Minimum number of keys where the law alone decides how large the table is. */
const MIN_KEYS = 12;
/** Minimum share of keys that obey the law: below it, it is another thing or another size. */
const MIN_LAWFUL = 0.9;

/** A session's table, read and judged. */
export interface SessionTable {
  readonly table: TrackerTable;
  /** Entries, a power of two; the mask is one less, and there is no overflow slot. */
  readonly size: number;
  readonly proof: LawProof;
}

/** The bytes of a table that may begin anywhere; what is on missing pages is not put. */
export async function readEntries(
  memory: VirtualMemory,
  at: VirtualAddress,
  layout: TrackerLayout,
  entries: number,
): Promise<TrackerTable> {
  const table = new TrackerTable(layout, entries);
  const { bytes, missing } = await memory.read(at, table.pageCount * PAGE_SIZE);
  const lost = new Set(missing.map(({ virtualAddress }) => virtualAddress & ~0xfffn));
  for (let page = 0; page < table.pageCount; page++) {
    const first = (at + BigInt(page * PAGE_SIZE)) & ~0xfffn;
    const last = (at + BigInt((page + 1) * PAGE_SIZE - 1)) & ~0xfffn;
    if (!lost.has(first) && !lost.has(last)) table.put(page, bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE));
  }
  return table;
}

/**
 * Keys as the hash law judges them. The last entry of a session's table is never taken, though keys hash to it (it is
 * the overflow slot of larger tables, and one function inserts into both): a search goes past it as if it were in use.
 */
export function keysOf(table: TrackerTable, size: number): Float64Array {
  const keys = table.keys();
  if (keys[size - 1] === 0) keys[size - 1] = UNKNOWN;
  return keys;
}

/** The free slot that makes a key unlawful where it stands: it would have been put there. Null for a lawful key. */
export function freeSlotBefore(keys: Float64Array, size: number, slot: number): number | null {
  const mask = size - 1;
  for (let at = hashOfKey(keys[slot]!) & mask; at !== slot; at = (at + 1) & mask) if (keys[at] === 0) return at;
  return null;
}

/**
 * Reads the table at an address, and proves it by the hash law.
 * @param size entries as a variable says; null when that is not known: then the law tells
 * @returns a reason when it does not obey the law, or its size is not decided
 */
export async function readSessionTable(
  memory: VirtualMemory,
  at: VirtualAddress,
  layout: TrackerLayout,
  size: number | null,
): Promise<SessionTable | string> {
  const sizes = size === null ? SIZES : [size];
  const read: SessionTable[] = [];
  for (const entries of sizes) {
    const table = await readEntries(memory, at, layout, entries);
    read.push({ table, size: entries, proof: judge(keysOf(table, entries), entries) });
  }
  const [best, next] = read.sort((a, b) => scoreOf(b) - scoreOf(a));
  if (best!.table.pagesMissing === best!.table.pageCount) return 'no page of its table is in the image';
  if (best!.proof.lawful < best!.proof.keys * MIN_LAWFUL)
    return `what its table should be is none: ${describeProof(best!.proof)}`;
  if (size === null && (best!.proof.keys < MIN_KEYS || scoreOf(best!) === scoreOf(next!)))
    return `how many entries its table has is not known, and ${best!.proof.keys} keys do not tell`;
  return best!;
}

/** Half of the true size is obeyed too, by half of the keys, and twice the size by half of them. */
function scoreOf({ proof }: SessionTable): number {
  return proof.lawful - 2 * (proof.keys - proof.lawful);
}
