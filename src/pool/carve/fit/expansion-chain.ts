import { PAGE_SIZE } from '../../../address.js';
import { consistencyOf } from '../../table/consistency.js';
import { growthSince, signedCounters } from '../../table/counters.js';
import { COUNTER_COUNT, type TrackerLayout } from '../../table/tracker-layout.js';
import { TrackerTable } from '../../table/tracker-table.js';
import type { ExpansionPage } from './expansion-page.js';

/** Maximum number of orders of pages that are tried. */
const MAX_TRIED = 20_000;

/** Offset of the first entry that begins on a page of the table. */
export function firstEntryAt(page: number, { size }: TrackerLayout): number {
  return Math.ceil((page * PAGE_SIZE) / size) * size - page * PAGE_SIZE;
}

/** Whole entries of a page by key: their counters. */
export function entriesOfPage({ bytes, offset, keys, layout }: ExpansionPage): Map<number, BigUint64Array> {
  const view = new TrackerTable(layout, Math.floor((PAGE_SIZE - offset) / layout.size));
  const shifted = Buffer.alloc(PAGE_SIZE);
  bytes.copy(shifted, 0, offset);
  view.put(0, shifted);
  const entries = new Map<number, BigUint64Array>();
  for (let index = 0; index < Math.min(keys.length, view.entries); index++) {
    const counters = new BigUint64Array(COUNTER_COUNT);
    view.counters(index, counters, 0);
    entries.set(view.key(index), counters);
  }
  return entries;
}

/** How the counts of some entries lie in time to those of others at the same keys; null where they share none. */
export function entryOrder(
  layout: TrackerLayout,
  own: ReadonlyMap<number, BigUint64Array>,
  theirs: ReadonlyMap<number, BigUint64Array>,
): 'older' | 'same' | 'newer' | 'neither' | null {
  let [shared, less, more] = [0, 0, 0];
  for (const [key, counters] of own) {
    const known = theirs.get(key);
    if (known === undefined) continue;
    shared++;
    const { ahead, behind } = growthSince(layout, counters, known);
    more += ahead;
    less += behind;
  }
  if (shared === 0) return null;
  if (own.size > shared && theirs.size > shared) return 'neither';
  if (own.size < theirs.size) less++;
  if (own.size > theirs.size) more++;
  if (less > 0 && more > 0) return 'neither';
  return less > 0 ? 'older' : more > 0 ? 'newer' : 'same';
}

/** Whether the entry that reaches from the end of one page into the next adds up. */
function joins(before: ExpansionPage, after: ExpansionPage, index: number): boolean {
  const { layout } = before;
  const start = firstEntryAt(index, layout) - layout.size;
  if (start >= 0 || firstEntryAt(index, layout) === 0) return true;
  const entry = new TrackerTable(layout, 1);
  const bytes = Buffer.alloc(PAGE_SIZE);
  before.bytes.copy(bytes, 0, PAGE_SIZE + start);
  after.bytes.copy(bytes, -start, 0, layout.size + start);
  entry.put(0, bytes);
  if (entry.key(0) === 0) return false;
  const counters = new BigUint64Array(COUNTER_COUNT);
  entry.counters(0, counters, 0);
  return consistencyOf(signedCounters(layout, counters, 0), layout) === 'consistent';
}

/**
 * Orders of all these pages in which they can follow one another.
 * @returns up to two; and whether there may be more, since not all were tried
 */
export function chainsOf(
  pages: readonly ExpansionPage[],
  layout: TrackerLayout,
): { readonly chains: readonly (readonly ExpansionPage[])[]; readonly mayBeMore: boolean } {
  const chains: (readonly ExpansionPage[])[] = [];
  let tried = 0;
  const extend = (chain: readonly ExpansionPage[]): void => {
    if (chains.length > 1 || tried++ > MAX_TRIED) return;
    if (chain.length === pages.length) {
      chains.push(chain);
      return;
    }
    const last = chain.at(-1);
    if (last?.ends === true) return;
    const offset = firstEntryAt(chain.length, layout);
    for (const next of pages) {
      if (next.offset !== offset || chain.includes(next)) continue;
      if (last === undefined || joins(last, next, chain.length)) extend([...chain, next]);
    }
  };
  extend([]);
  return { chains, mayBeMore: chains.length > 1 || tried > MAX_TRIED };
}
