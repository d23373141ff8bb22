import { COUNTER_COUNT, type TrackerLayout } from '../../table/tracker-layout.js';
import { type CarvedPage, wordsOf } from '../fit/page-collection.js';
import { entriesOnPage, type PlacedPage, type TableShape } from '../fit/table-shape.js';

/** Larger counters are not judged: doubles would be inexact, and no real kernel reaches them. */
const JUDGED = 2 ** 52;

/** The complete entries of one page as doubles, for judging and comparing; never for reports. */
export interface PageCounts {
  readonly page: CarvedPage;
  /** Keys in the order of entries on the page; 0 for a free one. Includes a straddling last entry. */
  readonly keys: Uint32Array;
  /** For each whole entry, nonpaged and paged: allocs - frees, read as signed; NaN when not to be judged. */
  readonly outstanding: Float64Array;
  /** The same for bytes. */
  readonly bytes: Float64Array;
  /** For each whole entry: nonpaged allocs and frees, paged allocs and frees. They only ever grow. */
  readonly growing: Float64Array;
}

interface WordPlaces {
  readonly low: readonly number[];
  readonly wide: readonly boolean[];
}

function placesOf(layout: TrackerLayout): WordPlaces {
  return {
    low: layout.offsets.map((offset) => offset / 4),
    wide: layout.offsets.map((_, index) => (index % 3 === 2 ? layout.byteBits : layout.countBits) === 64),
  };
}

/** Decodes a page's entries for judging. */
export function countsOf({ page, index }: PlacedPage, shape: TableShape): PageCounts {
  const { layout } = shape.channel;
  const words = wordsOf(page);
  const { low, wide } = placesOf(layout);
  const entries = [...entriesOnPage(shape, index)].map(([, at]) => at);
  const whole = entries.filter((at) => at + layout.size / 4 <= words.length);
  const keys = Uint32Array.from(entries, (at) => words[at]!);
  const outstanding = new Float64Array(whole.length * 2);
  const bytes = new Float64Array(whole.length * 2);
  const growing = new Float64Array(whole.length * 4);
  const value = new Float64Array(COUNTER_COUNT);
  whole.forEach((at, entry) => {
    for (let counter = 0; counter < COUNTER_COUNT; counter++) {
      const word = at + low[counter]!;
      value[counter] = wide[counter] ? words[word]! + (words[word + 1]! | 0) * 2 ** 32 : words[word]! | 0;
    }
    for (const pool of [0, 1]) {
      const [allocs, frees, held] = value.subarray(pool * 3, pool * 3 + 3) as unknown as [number, number, number];
      const judged = Math.max(Math.abs(allocs), Math.abs(frees), Math.abs(held)) < JUDGED;
      outstanding[entry * 2 + pool] = judged ? (layout.countBits === 32 ? (allocs - frees) | 0 : allocs - frees) : NaN;
      bytes[entry * 2 + pool] = held;
      growing[entry * 4 + pool * 2] = layout.countBits === 32 ? allocs >>> 0 : allocs;
      growing[entry * 4 + pool * 2 + 1] = layout.countBits === 32 ? frees >>> 0 : frees;
    }
  });
  return { page, keys, outstanding, bytes, growing };
}

/** The sum of several pages' growing counters. */
export function sumOfGrowing(pages: readonly PageCounts[]): Float64Array {
  const sum = new Float64Array(pages[0]?.growing.length ?? 0);
  for (const { growing } of pages) growing.forEach((value, index) => (sum[index]! += value));
  return sum;
}

/** How an earlier state's growing counters compare with a later one's. */
export interface Growth {
  /** Counters that are not 0 in one of the two. */
  readonly compared: number;
  /** Share of them that did not shrink. */
  readonly grown: number;
  /** Median of earlier / later over those not 0 in the later: near 1 for a copy that is not old. */
  readonly ratio: number;
}

export function growthFrom(earlier: Float64Array, later: Float64Array): Growth {
  const ratios: number[] = [];
  let compared = 0;
  let grown = 0;
  for (let index = 0; index < later.length; index++) {
    const before = earlier[index]!;
    const after = later[index]!;
    if (before === 0 && after === 0) continue;
    compared++;
    if (before <= after) grown++;
    if (after !== 0) ratios.push(before / after);
  }
  ratios.sort((a, b) => a - b);
  return { compared, grown: compared === 0 ? 1 : grown / compared, ratio: ratios[ratios.length >> 1] ?? 0 };
}

/**
 * How far the sum of some processors' pages is out of balance. Memory that is allocated on one processor may be freed
 * on another, so only the sum over all live tables is consistent: bytes match the outstanding allocations, and neither
 * is negative. With one page too few or too many, most tags are inconsistent.
 */
export class Balance {
  private readonly outstanding: Float64Array;
  private readonly bytes: Float64Array;
  private readonly wrapsCounts: boolean;
  private readonly wrapsBytes: boolean;

  constructor(layout: TrackerLayout, length: number) {
    this.outstanding = new Float64Array(length);
    this.bytes = new Float64Array(length);
    this.wrapsCounts = layout.countBits === 32;
    this.wrapsBytes = layout.byteBits === 32;
  }

  /** @param sign 1 to add a page to the sum, -1 to remove it */
  add(page: PageCounts, sign: 1 | -1): void {
    for (let index = 0; index < this.bytes.length; index++) {
      this.outstanding[index]! += sign * page.outstanding[index]!;
      this.bytes[index]! += sign * page.bytes[index]!;
    }
  }

  /** Cost of the sum, optionally with one page added or removed; about 1 per inconsistent tag and pool. */
  cost(page?: PageCounts, sign: 1 | -1 = 1): number {
    let cost = 0;
    for (let index = 0; index < this.bytes.length; index++) {
      let outstanding = this.outstanding[index]!;
      let bytes = this.bytes[index]!;
      if (page !== undefined) {
        outstanding += sign * page.outstanding[index]!;
        bytes += sign * page.bytes[index]!;
      }
      if (this.wrapsCounts) outstanding = Number.isNaN(outstanding) ? NaN : outstanding | 0;
      if (this.wrapsBytes) bytes |= 0;
      if (outstanding === 0 && bytes === 0) continue;
      if (outstanding > 0 && bytes >= outstanding) continue;
      if (Number.isNaN(outstanding)) continue;
      // The cost grows with the deviation: with two pages too many, removing either one is an improvement.
      cost += 1 + Math.log2(1 + Math.max(0, -outstanding) + Math.max(0, -bytes)) / 64;
    }
    return cost;
  }
}

/** Number of judged tag and pool pairs with a nonzero count on any of the pages. */
export function judgedPairs(pages: readonly PageCounts[]): number {
  let pairs = 0;
  const length = pages[0]?.bytes.length ?? 0;
  for (let index = 0; index < length; index++) {
    if (pages.some(({ outstanding }) => Number.isNaN(outstanding[index]))) continue;
    if (
      pages.some(({ growing, bytes }) => growing[index * 2] !== 0 || growing[index * 2 + 1] !== 0 || bytes[index] !== 0)
    )
      pairs++;
  }
  return pairs;
}

/** The sum of counters. */
export function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
