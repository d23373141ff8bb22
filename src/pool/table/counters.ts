import { COUNTER_COUNT, counterBits, type TrackerLayout } from './tracker-layout.js';

/**
 * Non-paged allocs, frees and bytes, then paged allocs, frees and bytes. Bytes are signed; allocs and frees are unsigned
 * where the kernel counts in 32 bits, and signed where it counts in 64.
 */
export type CounterValues = readonly [bigint, bigint, bigint, bigint, bigint, bigint];

/** allocs - frees at the counter's width, read as signed. */
export function outstanding(allocs: bigint, frees: bigint, bits: 32 | 64): bigint {
  return BigInt.asIntN(bits, allocs - frees);
}

/** Counters as records carry them, of the six values from `at` on. */
export function signedCounters(layout: TrackerLayout, values: BigUint64Array, at: number): CounterValues {
  const { countBits, byteBits } = layout;
  return [
    count(countBits, values[at]!),
    count(countBits, values[at + 1]!),
    BigInt.asIntN(byteBits, values[at + 2]!),
    count(countBits, values[at + 3]!),
    count(countBits, values[at + 4]!),
    BigInt.asIntN(byteBits, values[at + 5]!),
  ];
}

function count(bits: 32 | 64, value: bigint): bigint {
  return bits === 32 ? BigInt.asUintN(32, value) : BigInt.asIntN(64, value);
}

/** Counters that only grow: allocs and frees, in the order of COUNTERS. */
const GROWING = [0, 1, 3, 4] as const;

/**
 * How many of the growing counters are ahead in one state of an entry, and how many behind, compared with another state
 * of it; modulo their width, so that one that wrapped is still the later one.
 */
export function growthSince(
  layout: TrackerLayout,
  one: BigUint64Array,
  other: BigUint64Array,
): { readonly ahead: number; readonly behind: number } {
  let [ahead, behind] = [0, 0];
  for (const index of GROWING) {
    const difference = BigInt.asIntN(counterBits(layout, index), one[index]! - other[index]!);
    if (difference > 0n) ahead++;
    else if (difference < 0n) behind++;
  }
  return { ahead, behind };
}

/** Adds the six values of `added` to those of `sums` from `at` on, wrapping at 64 bits. */
export function addCounters(sums: BigUint64Array, at: number, added: BigUint64Array): void {
  for (let index = 0; index < COUNTER_COUNT; index++) sums[at + index]! += added[index]!;
}
