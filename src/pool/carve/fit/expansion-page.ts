import { PAGE_SIZE } from '../../../address.js';
import { isPrintableTag } from '../../table/tag-name.js';
import { counterBits, layoutOfSize, type TrackerLayout } from '../../table/tracker-layout.js';
import { EXPANSION_LAYOUTS, looksExpanded } from '../scan/page-signs.js';

/** Statistics of a page's entries, read as those of a table without hashing. */
export interface EntryCensus {
  readonly keys: readonly number[];
  /** Tag and pool pairs whose counts are not all 0, and how many of these are consistent. */
  readonly counts: number;
  readonly sensible: number;
  /** Whether the used entries end on this page. */
  readonly ends: boolean;
}

/**
 * @param first index of the first entry's first word
 * @returns null when anything but zeros follows the used entries, which no table has
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

/** A page that may belong to the expansion table. */
export interface ExpansionPage {
  readonly bytes: Buffer;
  readonly layout: TrackerLayout;
  /** Offset of the first entry that begins on it: determines its index in the table, modulo the offset's period. */
  readonly offset: number;
  readonly keys: readonly number[];
  /** Whether the table's used entries end on it. */
  readonly ends: boolean;
  /** Its sequence number in the stream, where it was first seen. */
  readonly order: number;
  /** How many times identical bytes were seen. */
  copies: number;
}

/** What a page alone tells. */
export type ExpansionFit = Omit<ExpansionPage, 'bytes' | 'order' | 'copies'>;

/** Minimum number of entries for a credible page. */
const MIN_KEYS = 3;
/** Share of its counts that must be consistent: all processors share the table. */
const MIN_SENSIBLE = 0.75;
/** Share of its tags that must be printable: one in fifty random ones is. */
const MIN_PRINTABLE = 0.5;

/** Fits a page to the expansion table of every matching layout; null when none fits. */
export function fitExpansion(page: Uint8Array): ExpansionFit | null {
  const words = new Uint32Array(page.buffer, page.byteOffset, PAGE_SIZE / 4);
  let best: { fit: ExpansionFit; score: number } | null = null;
  for (const expansion of EXPANSION_LAYOUTS) {
    const layout = layoutOfSize(expansion.size)!;
    for (let offset = 0; offset < expansion.size; offset += expansion.step) {
      if (!looksExpanded(words, offset / 4, expansion)) continue;
      const printable = printableKeys(words, offset / 4, expansion.size / 4);
      if (printable === null) continue;
      const census = censusOf(words, offset / 4, layout);
      if (census === null || !isExpansion(census)) continue;
      const { keys, ends, sensible } = census;
      const score = sensible + printable;
      if (best === null || score > best.score) best = { fit: { layout, offset, keys, ends }, score };
    }
  }
  return best?.fit ?? null;
}

/**
 * How many keys of a page can be printed; null where they are too few of all. At a wrong offset counters are taken for
 * keys, and hardly any of them is printable: so this is looked at first, and nothing is made for it.
 */
function printableKeys(words: Uint32Array, first: number, step: number): number | null {
  let printable = 0;
  let at = first;
  for (; at < words.length && words[at] !== 0; at += step) if (isPrintableTag(words[at]!)) printable++;
  const keys = (at - first) / step;
  return keys < MIN_KEYS || printable < keys * MIN_PRINTABLE ? null : printable;
}

function isExpansion({ keys, counts, sensible }: EntryCensus): boolean {
  return (
    keys.length >= MIN_KEYS &&
    counts >= MIN_KEYS &&
    sensible >= counts * MIN_SENSIBLE &&
    new Set(keys).size === keys.length
  );
}
