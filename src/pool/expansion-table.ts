import { virtualAddress, type VirtualAddress } from '../address.js';
import type { Kernel } from '../kernel/find-kernel.js';
import { readTable } from './read-table.js';
import type { TableSet } from './table-set.js';
import { COUNTER_COUNT, type TrackerLayout } from './tracker-layout.js';
import type { TrackerTable } from './tracker-table.js';

/** The kernel grows the expansion table by its own need; no kernel has this many tags. */
export const MOST_EXPANSION_ENTRIES = 1 << 16;

/** Nonpaged and paged bytes, in the order of COUNTERS. */
const BYTE_COUNTERS = [2, 5];
/** More bytes than any machine has, in use or (in a smeared image) below zero. */
const ABSURD = 1n << 44n;

/** Entries in use when keys and byte counts can be those of an expansion table beside `first`; else 0. */
function entriesInUse(table: TrackerTable, first: ReadonlySet<number>): number {
  const counters = new BigUint64Array(COUNTER_COUNT);
  let used = 0;
  for (let entry = 0; entry < table.entries; entry++) {
    const key = table.key(entry);
    if (key === 0) return isFreeFrom(table, entry) ? used : 0;
    if (!table.isReadable(entry) || first.has(key)) return 0;
    table.counters(entry, counters, 0);
    if (BYTE_COUNTERS.some((index) => BigInt.asUintN(64, counters[index]! + ABSURD) > 2n * ABSURD)) return 0;
    used++;
  }
  return used;
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
  let best: { used: number; address: VirtualAddress; entries: number } | null = null;
  for (let at = 0; at + 8 <= variables.length; at += 8) {
    const address = variables.readBigUInt64LE(at);
    if ((address & 0xfffn) !== 0n || !kernel.memory.pageTable.isKernelAddress(address)) continue;
    for (const entries of countsNear(variables, at)) {
      const used = entriesInUse(await readTable(kernel.memory, virtualAddress(address), layout, entries), keys);
      if (used > (best?.used ?? 0)) best = { used, address: virtualAddress(address), entries };
    }
  }
  return best === null ? null : { address: best.address, entries: best.entries };
}

/**
 * Numbers beside a pointer that can be the number of entries, smallest first. One that is too small cuts tags off, so
 * the one that shows the most entries in use wins; one that is too large shows none more.
 */
function countsNear(variables: Buffer, pointerAt: number): number[] {
  const counts = new Set<number>();
  for (let at = Math.max(0, pointerAt - 0x40); at + 8 <= Math.min(variables.length, pointerAt + 0x48); at += 8) {
    const value = variables.readBigUInt64LE(at);
    if (value > 0n && value <= BigInt(MOST_EXPANSION_ENTRIES)) counts.add(Number(value));
  }
  return [...counts].sort((a, b) => a - b);
}
