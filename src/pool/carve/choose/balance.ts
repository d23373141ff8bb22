import { COUNTER_COUNT, type TrackerLayout } from '../../table/tracker-layout.js';
import { wordsOf, type CarvedPage } from '../fit/page-collection.js';
import { entriesOnPage, type PlacedPage, type TableShape } from '../fit/table-shape.js';

/** Beyond this a double is not exact, and no entry of a real kernel gets there: such counters are not judged. */
const JUDGED = 2 ** 52;

/** The entries of one page that lie on it whole, as doubles, to be judged and compared; never to be reported. */
export interface PageCounts {
  readonly page: CarvedPage;
  /** Keys by the order of entries on the page; 0 for a free one. A last entry that straddles is in it. */
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
