import type { TrackerLayout } from '../table/tracker-layout.js';
import { slotsOnPage, type Doubt } from './doubt.js';

/** Minimum probability, over all pages of a table, for a page without keys to be accepted as empty. */
const MIN_CHANCE = 0.1;
/** The same for the tables of the other processors, which are many. */
const MIN_OTHER_CHANCE = 0.01;

/** For one table: keys by page, and which pages were read. */
export interface PageKeys {
  readonly processor: number;
  /** Keys of entries that begin on each page. */
  readonly keys: readonly number[];
  /** False for a page that is missing. */
  readonly isRead: readonly boolean[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/**
 * Pages without keys where some are expected: captures often fill unreadable pages with zeros, and no page is presumed
 * zero. Judged for table 0 by its load; for another processor's table by the share of table 0's keys that it touched.
 */
export function untouchedPages(
  first: PageKeys,
  others: readonly PageKeys[],
  layout: TrackerLayout,
  slots: number,
): Doubt[] {
  const doubts: Doubt[] = [];
  const doubt = (processor: number, page: number, message: string): void => {
    doubts.push({
      code: 'page-empty',
      message: `page ${page} of ${processor === 0 ? 'table 0' : `processor ${processor}'s table`} has no key: ${message}`,
      slots: slotsOnPage(page, layout, slots),
    });
  };
  const all = sum(first.keys);
  for (const [page, keys] of first.keys.entries()) {
    const { first: from, last } = slotsOnPage(page, layout, slots - 1);
    // By the other pages' load: this one may have been lost.
    const load = (all - keys) / Math.max(1, slots - (last - from + 1));
    const chance = Math.exp(-load * (last - from + 1));
    if (keys === 0 && first.isRead[page]! && chance * first.keys.length < MIN_CHANCE)
      doubt(0, page, `${Math.round(load * (last - from + 1))} are to be expected`);
  }
  for (const { processor, keys, isRead } of others) {
    const touched = sum(keys);
    if (touched === 0) {
      if (isRead.some(Boolean))
        doubts.push({
          code: 'table-empty',
          message: `processor ${processor}'s table has no key at all`,
          slots: null,
        });
      continue;
    }
    for (const [page, count] of keys.entries()) {
      const could = first.keys[page]!;
      if (count > 0 || could === 0 || !isRead[page]!) continue;
      const share = touched / Math.max(1, sum(first.keys) - could);
      const chance = share >= 1 ? 0 : (1 - share) ** could;
      if (chance * keys.length < MIN_OTHER_CHANCE)
        doubt(processor, page, `of ${could} tags there it touched none, of all others ${Math.round(share * 100)} %`);
    }
  }
  return doubts;
}
