import type { Warning } from '../../errors.js';
import { addCounters, type CounterValues, signedCounters } from './counters.js';
import { COUNTER_COUNT, type TrackerLayout } from './tracker-layout.js';

/** What overflow slots without a key count, over all processors. */
export interface KeylessCounts {
  /** Number of processors whose overflow slot counts something and has no key. */
  readonly processors: number;
  /** Their sums. */
  readonly counters: CounterValues;
  /** Whether the total of `Ovfl` contains them: in the kernel's own report from build 28000 on, else not. */
  readonly isCounted: boolean;
}

/**
 * Sums the overflow slots (slot N) that have no key. A free of a tag that is found nowhere is counted in slot N of the
 * freeing processor's own table, where the key stays 0 (ExpRemoveTagFromTrackerTable; Windows 10 and later). Reports of
 * kernels before 28000 leave these counts out, 28000 adds them to `Ovfl`; without them, `Ovfl` looks like a leak.
 */
export class KeylessOverflow {
  private readonly sums = new BigUint64Array(COUNTER_COUNT);
  private processors = 0;

  constructor(private readonly layout: TrackerLayout) {}

  /** @param counters of one processor's overflow slot, without a key */
  add(counters: BigUint64Array): void {
    if (counters.every((value) => value === 0n)) return;
    this.processors++;
    addCounters(this.sums, 0, counters);
  }

  /** Null when no processor counts anything there. */
  counts(): KeylessCounts | null {
    if (this.processors === 0) return null;
    return { processors: this.processors, counters: signedCounters(this.layout, this.sums, 0), isCounted: false };
  }
}

/** Says how much is counted under no key: none of it is in any row of the totals. */
export function keylessWarnings(keyless: KeylessCounts | null): Warning[] {
  if (keyless === null) return [];
  const [, nonPagedFrees, nonPagedBytes, , pagedFrees, pagedBytes] = keyless.counters;
  return [
    {
      code: 'keyless-overflow',
      message:
        `frees of tags that no table has are counted without a key in ${keyless.processors} overflow slots: ` +
        `nonpaged ${nonPagedFrees} frees and ${nonPagedBytes} bytes, paged ${pagedFrees} frees and ${pagedBytes} bytes; ` +
        'the plain sum of Ovfl is without them, as kernels before build 28000 report it',
    },
  ];
}
