import { COUNTER_COUNT, counterBits, type TrackerLayout } from '../tracker-layout.js';

/** What the entries on a page hold, taken for those of a table that is not hashed. */
export interface EntryCensus {
  readonly keys: readonly number[];
  /** Counts of one tag in one pool that are not all 0, and how many of them make sense by themselves. */
  readonly counts: number;
  readonly sensible: number;
  /** Whether the used entries end on this page. */
  readonly ends: boolean;
  /** Whether nothing but zeros follows the used entries. */
  readonly clean: boolean;
}

/** @param first the word that the first entry begins at */
export function censusOf(words: Uint32Array, first: number, layout: TrackerLayout): EntryCensus {
  const step = layout.size / 4;
  const keys: number[] = [];
  let counts = 0;
  let sensible = 0;
  let at = first;
  for (; at < words.length && words[at] !== 0; at += step) {
    keys.push(words[at]!);
    if (at + step > words.length) continue;
    const value = Array.from({ length: COUNTER_COUNT }, (_, index) => counter(words, at, layout, index));
    for (const pool of [0, 3]) {
      const [allocs, frees, bytes] = value.slice(pool, pool + 3) as [number, number, number];
      if (allocs === 0 && frees === 0 && bytes === 0) continue;
      counts++;
      const outstanding = allocs - frees;
      if (outstanding === 0 ? bytes === 0 : outstanding > 0 && bytes >= outstanding) sensible++;
    }
  }
  const clean = words.subarray(Math.min(at, words.length)).every((word) => word === 0);
  return { keys, counts, sensible, ends: at < words.length, clean };
}

function counter(words: Uint32Array, at: number, layout: TrackerLayout, index: number): number {
  const word = at + layout.offsets[index]! / 4;
  return counterBits(layout, index) === 64 ? words[word]! + words[word + 1]! * 2 ** 32 : words[word]!;
}
