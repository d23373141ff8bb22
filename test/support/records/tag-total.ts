import type { CounterValues } from '../../../src/pool/table/counters.js';
import type { TagTotal } from '../../../src/pool/table/tag-totals.js';

/** A total with these counters and nothing odd about it but what a test wants. */
export function tagTotal(counters: CounterValues, more: Partial<TagTotal> = {}): TagTotal {
  return {
    key: 1,
    slot: 0,
    place: 'table',
    complete: true,
    processorsSeen: 1,
    consistency: 'consistent',
    keyless: null,
    counters,
    nonPagedOutstanding: counters[0] - counters[1],
    pagedOutstanding: counters[3] - counters[4],
    ...more,
  };
}
