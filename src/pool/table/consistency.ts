import { type CounterValues, outstanding } from './counters.js';
import type { TrackerLayout } from './tracker-layout.js';

/**
 * Consistency of a tag's own counters, in order of severity. Stable: it is written to records.
 *
 *     consistent   no more frees than allocs; bytes where something is allocated, at least one each, and none where not
 *     torn         off by a few: read between a free and its count, as any running machine shows
 *     impossible   off by more than that
 */
export const CONSISTENCIES = ['consistent', 'torn', 'impossible'] as const;
/** One of CONSISTENCIES. */
export type Consistency = (typeof CONSISTENCIES)[number];

/** Maximum number of allocations in progress at the time of capture. */
const UNDER_WAY = 16n;
/** Maximum size of an allocation: no machine's pool has a contiguous tebibyte. */
const MAX_ALLOCATION = 1n << 40n;
/** Maximum bytes of the allocations in progress; most are small. */
const BYTES_UNDER_WAY = UNDER_WAY << 16n;

/** @param counters signed as records carry them, in the order of COUNTERS */
export function consistencyOf(counters: CounterValues, { countBits }: TrackerLayout): Consistency {
  const nonPaged = poolConsistency(outstanding(counters[0], counters[1], countBits), counters[2]);
  const paged = poolConsistency(outstanding(counters[3], counters[4], countBits), counters[5]);
  return CONSISTENCIES[Math.max(nonPaged, paged)]!;
}

/** Index into CONSISTENCIES. */
function poolConsistency(held: bigint, bytes: bigint): number {
  if (held < -UNDER_WAY || bytes < -BYTES_UNDER_WAY || (held >= 0n && bytes > (held + UNDER_WAY) * MAX_ALLOCATION))
    return 2;
  const isConsistent = held === 0n ? bytes === 0n : held > 0n && bytes >= held;
  if (isConsistent) return 0;
  return bytes > held + BYTES_UNDER_WAY && held <= 0n ? 2 : 1;
}
