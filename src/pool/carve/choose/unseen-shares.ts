import type { Place } from './assemble-tables.js';
import { wordsOf } from '../fit/page-collection.js';
import { countsOf } from './balance.js';
import { entriesOnPage, type PlacedPage, type TableShape } from '../fit/table-shape.js';

/** Minimum N at which one key at home suffices for a page to be kept; see plain-scanner.ts and page-fit.ts. */
const TELLING_SLOTS = 512;

/** Minimum number of nonzero counters for two equal pages to be no coincidence. */
const TELLING_COUNTERS = 4;

/**
 * Slots of tags that may also be counted on an unrecognised page. If fewer pages than processors are live, the others
 * are presumed to be empty; but
 *
 * - a page is recognised by a key at home, so one with only displaced keys is not kept: a key that is displaced in
 *   table 0 may have a share there, whether the sum is in balance or not;
 * - equal pages are kept once, and those with few counts, or with counts only in an entry that extends beyond the
 *   page, may belong to two processors.
 */
export function unseenShares({ live, index, lost }: Place, shape: TableShape, processors: number): number[] {
  if (live === null || lost > 0 || live.live.length >= processors) return [];
  const slots = new Set<number>();
  const add = ({ page }: PlacedPage, isUnseen: (slot: number, at: number, key: number) => boolean): void => {
    const words = wordsOf(page);
    for (const [slot, at] of entriesOnPage(shape, index))
      if (words[at] !== 0 && isUnseen(slot, at, words[at]!)) slots.add(slot);
  };
  add(live.live[0]!, (slot, at, key) => mayGoUnseen(slot, at, key, shape));
  for (const placed of live.live) if (mayBeTwo(placed, shape)) add(placed, () => true);
  return [...slots];
}

function mayBeTwo(placed: PlacedPage, shape: TableShape): boolean {
  return (
    placed.page.copies > 1 && countsOf(placed, shape).growing.filter((value) => value !== 0).length < TELLING_COUNTERS
  );
}

/** Whether a page with this key and no other is not kept. */
function mayGoUnseen(slot: number, at: number, key: number, { channel, slots }: TableShape): boolean {
  // The overflow slot is recognised by its name if it is the first on its page.
  if (slot === slots) return at !== 0;
  return slots < TELLING_SLOTS || ((slot - channel.hash(key)) & (slots - 1)) !== 0;
}
