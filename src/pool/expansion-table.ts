import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../address.js';
import type { Kernel } from '../kernel/find-kernel.js';
import { readTable } from './read-table.js';
import type { TableSet } from './table-set.js';
import type { TrackerLayout } from './tracker-layout.js';
import type { TrackerTable } from './tracker-table.js';
import { COUNTER_COUNT } from './tracker-layout.js';

/** The kernel grows the expansion table by its own need; no kernel has this many tags. */
export const MOST_EXPANSION_ENTRIES = 1 << 16;

/** Far above any tag's true count: what no counter of a real entry reaches. */
const ABSURD = 1n << 48n;

/** Whether the keys and counters of `table` can be those of an expansion table beside `first`. */
function looksLikeExpansion(table: TrackerTable, first: ReadonlySet<number>): boolean {
  const counters = new BigUint64Array(COUNTER_COUNT);
  let used = 0;
  for (let entry = 0; entry < table.entries; entry++) {
    const key = table.key(entry);
    if (key === 0) return used > 0 && isFreeFrom(table, entry);
    if (!table.isReadable(entry) || first.has(key)) return false;
    table.counters(entry, counters, 0);
    if (counters.some((value) => value > ABSURD)) return false;
    used++;
  }
  return used > 0;
}

function isFreeFrom(table: TrackerTable, entry: number): boolean {
  for (let rest = entry; rest < table.entries; rest++) {
    if (table.key(rest) > 0) return false;
  }
  return true;
}

/**
 * Finds the expansion table with no symbols. Tags go there only when every slot is taken, so a table with a free slot
 * needs no search. Else some pair of variables near PoolTrackTable holds its address and its number of entries.
 */
export async function findExpansion(
  kernel: Kernel, layout: TrackerLayout, first: TrackerTable, slots: number, variables: Buffer,
): Promise<TableSet['expansion']> {
  const keys = new Set<number>();
  for (let slot = 0; slot < slots; slot++) {
    if (first.key(slot) === 0) return null;
    keys.add(first.key(slot));
  }
  for (let at = 0; at + 8 <= variables.length; at += 8) {
    const address = variables.readBigUInt64LE(at);
    if ((address & 0xfffn) !== 0n || !kernel.memory.pageTable.isKernelAddress(address)) continue;
    for (const entries of countsNear(variables, at, layout)) {
      const table = await readTable(kernel.memory, virtualAddress(address), layout, entries);
      if (looksLikeExpansion(table, keys)) return { address: address as VirtualAddress, entries };
    }
  }
  return null;
}

/** Numbers beside a pointer that can be the number of entries: at least a page's worth. */
function countsNear(variables: Buffer, pointerAt: number, layout: TrackerLayout): number[] {
  const counts = new Set<number>();
  for (let at = Math.max(0, pointerAt - 0x40); at + 8 <= Math.min(variables.length, pointerAt + 0x48); at += 8) {
    const value = variables.readBigUInt64LE(at);
    if (value * BigInt(layout.size) >= BigInt(PAGE_SIZE - layout.size) && value <= BigInt(MOST_EXPANSION_ENTRIES)) counts.add(Number(value));
  }
  return [...counts];
}
