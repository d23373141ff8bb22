import { counterBits, type TrackerLayout } from '../table/tracker-layout.js';

/** What the entries on a page hold, taken for those of a table that is not hashed. */
export interface EntryCensus {
  readonly keys: readonly number[];
  /** Counts of one tag in one pool that are not all 0, and how many of them make sense by themselves. */
  readonly counts: number;
  readonly sensible: number;
  /** Whether the used entries end on this page. */
  readonly ends: boolean;
}

/**
 * @param first the word that the first entry begins at
 * @returns null when anything but zeros follows the used entries: no table has that
 */
export function censusOf(words: Uint32Array, first: number, layout: TrackerLayout): EntryCensus | null {
  const step = layout.size / 4;
  let end = first;
  while (end < words.length && words[end] !== 0) end += step;
  for (let at = end; at < words.length; at++) if (words[at] !== 0) return null;
  const keys: number[] = [];
  let counts = 0;
  let sensible = 0;
  for (let at = first; at < end && at < words.length; at += step) {
    keys.push(words[at]!);
    if (at + step > words.length) continue;
    for (const pool of [0, 3]) {
      const allocs = counter(words, at, layout, pool);
      const frees = counter(words, at, layout, pool + 1);
      const bytes = counter(words, at, layout, pool + 2);
      if (allocs === 0 && frees === 0 && bytes === 0) continue;
      counts++;
      const outstanding = allocs - frees;
      if (outstanding === 0 ? bytes === 0 : outstanding > 0 && bytes >= outstanding) sensible++;
    }
  }
  return { keys, counts, sensible, ends: end < words.length };
}

function counter(words: Uint32Array, at: number, layout: TrackerLayout, index: number): number {
  const word = at + layout.offsets[index]! / 4;
  return counterBits(layout, index) === 64 ? words[word]! + words[word + 1]! * 2 ** 32 : words[word]!;
}
