import { PAGE_SIZE } from '../../../address.js';
import { counterBits, layoutOfSize, type TrackerLayout } from '../../table/tracker-layout.js';
import { TrackerTable } from '../../table/tracker-table.js';
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
}

/** Minimum number of entries for a credible page. */
const MIN_KEYS = 3;
/** Share of its counts that must be consistent: all processors share the table. */
const MIN_SENSIBLE = 0.75;
const MAX_KEPT = 256;

/** Fits a page to the expansion table of every matching layout; null when none fits. */
export function fitExpansion(page: Uint8Array): Omit<ExpansionPage, 'bytes'> | null {
  const words = new Uint32Array(page.buffer, page.byteOffset, PAGE_SIZE / 4);
  let best: { fit: Omit<ExpansionPage, 'bytes'>; counts: number } | null = null;
  for (const expansion of EXPANSION_LAYOUTS) {
    const layout = layoutOfSize(expansion.size)!;
    for (let offset = 0; offset < expansion.size; offset += expansion.step) {
      if (!looksExpanded(words, offset / 4, expansion)) continue;
      const census = censusOf(words, offset / 4, layout);
      if (census === null || !isExpansion(census)) continue;
      const { keys, ends, counts } = census;
      if (best === null || counts > best.counts) best = { fit: { layout, offset, keys, ends }, counts };
    }
  }
  return best?.fit ?? null;
}

function isExpansion({ keys, counts, sensible }: EntryCensus): boolean {
  return (
    keys.length >= MIN_KEYS &&
    counts >= MIN_KEYS &&
    sensible >= counts * MIN_SENSIBLE &&
    new Set(keys).size === keys.length
  );
}

/** Collects possible pages of the expansion table until its existence and layout are known. */
export class ExpansionPages {
  private readonly pages = new Map<string, ExpansionPage>();

  offer(page: Uint8Array): void {
    const fit = this.pages.size < MAX_KEPT ? fitExpansion(page) : null;
    if (fit === null) return;
    const bytes = Buffer.alloc(PAGE_SIZE);
    bytes.set(page);
    this.pages.set(bytes.toString('latin1'), { bytes, ...fit });
  }

  /**
   * Assembles the expansion table: its pages are identified by the offset of their first entry.
   * @param inTable keys that have slots, and so are not in the expansion table
   * @returns the table; null with the reason when it is incomplete or ambiguous
   */
  assemble(
    layout: TrackerLayout,
    inTable: ReadonlySet<number>,
  ): { readonly table: TrackerTable | null; readonly why: string } {
    const fitting = [...this.pages.values()].filter(
      (page) => page.layout === layout && !page.keys.some((key) => inTable.has(key)),
    );
    const chain: ExpansionPage[] = [];
    for (;;) {
      const offset = Math.ceil((chain.length * PAGE_SIZE) / layout.size) * layout.size - chain.length * PAGE_SIZE;
      const next = fitting.filter((page) => page.offset === offset && !chain.includes(page));
      if (next.length === 0)
        return { table: null, why: chain.length === 0 ? 'none was found' : `its page ${chain.length} was not found` };
      if (next.length > 1) return { table: null, why: `${next.length} pages could be its page ${chain.length}` };
      chain.push(next[0]!);
      if (next[0]!.ends) break;
    }
    const table = new TrackerTable(layout, Math.floor((chain.length * PAGE_SIZE) / layout.size));
    chain.forEach(({ bytes }, index) => table.put(index, bytes));
    return { table, why: '' };
  }
}
