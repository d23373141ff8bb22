import { COUNTER_COUNT, counterBits, type TrackerLayout } from '../../table/tracker-layout.js';
import { TrackerTable } from '../../table/tracker-table.js';
import { LAW_CHANNELS } from '../scan/page-signs.js';

/** Maximum size of a freed allocation that is believed. */
const MAX_ALLOCATION = 1n << 40n;

const LAYOUTS = [...new Set(LAW_CHANNELS.map(({ layout }) => layout))];
const MAX_ENTRY_WORDS = Math.max(...LAYOUTS.map(({ size }) => size)) / 4;

/**
 * Whether a page holds one entry, its first, that counts frees without a key and nothing else: the last page of a
 * processor's table, where slot N begins a page of its own.
 */
export function mayBeKeyless(page: Uint8Array): boolean {
  const words = new Uint32Array(page.buffer, page.byteOffset, page.length / 4);
  // Most sparse pages are told by their first words.
  if (words[0] !== 0 || words.findLastIndex((word) => word !== 0) >= MAX_ENTRY_WORDS) return false;
  return LAYOUTS.some((layout) => isKeyless(page, layout));
}

/** Whether it is such a page of a table with this layout. */
export function isKeyless(page: Uint8Array, layout: TrackerLayout): boolean {
  const entry = new TrackerTable(layout, 1);
  entry.put(0, page);
  if (entry.key(0) !== 0 || page.subarray(layout.size).some((byte) => byte !== 0)) return false;
  const counters = new BigUint64Array(COUNTER_COUNT);
  entry.counters(0, counters, 0);
  const pools = [0, 3].map((first) => poolFrees(counters, first, layout));
  return pools.every((frees) => frees !== null) && pools.some((frees) => frees! > 0n);
}

/** Frees of one pool; null where its counters cannot be those of frees alone. */
function poolFrees(counters: BigUint64Array, first: number, layout: TrackerLayout): bigint | null {
  const [allocs, frees] = [counters[first]!, counters[first + 1]!];
  const freed = -BigInt.asIntN(counterBits(layout, first + 2), counters[first + 2]!);
  const isFreed = frees === 0n ? freed === 0n : freed >= frees && freed <= frees * MAX_ALLOCATION;
  return allocs === 0n && isFreed ? frees : null;
}
