import type { Place } from './assemble-tables.js';
import { wordsOf } from '../fit/page-collection.js';
import { countsOf } from './balance.js';
import { entriesOnPage, type PlacedPage, type TableShape } from '../fit/table-shape.js';

/** Slots from which one key at home is enough for a page to be looked at and kept; see plain-scanner.ts and page-fit.ts. */
const TELLING_SLOTS = 512;

/** Counters that are not 0 from which two processors' pages are not equal by chance. */
const TELLING_COUNTERS = 4;

/**
 * Slots of the tags that a page which nobody recognised may count as well. Where fewer pages than processors are live,
 * the others are presumed to be empty; but
 *
 * - a page is recognised by a key at home, so one whose only keys were displaced is kept by nobody: a key that is
 *   displaced in table 0 may have a share there, whether the sum is in balance or not;
 * - equal pages are kept once, and those of few counts, or of none but in an entry that reaches out of the page, may be
 *   two processors'.
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
  // The overflow slot is known by its name, where it is the first on its page.
  if (slot === slots) return at !== 0;
  return slots < TELLING_SLOTS || ((slot - channel.hash(key)) & (slots - 1)) !== 0;
}
