import type { TagTotal } from '../table/tag-totals.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import { pageOfSlot, slotsOnPage, type Doubt } from './doubt.js';
import { chanceOfAtLeast } from './likelihood.js';

/** Number of torn tags that is not a coincidence. */
const MIN_TORN = 4;
/** Pages with impossible tags from which on the pages are not to blame, but a table that they are of. */
const MANY_PAGES = 2;
/** Share of tags that are torn on any machine, and on a busy one. */
const COMMON_SHARE = 0.02;
const BUSY_SHARE = 0.035;
const MIN_CHANCE = 1e-3;
/** In a table of so few pages, one that is torn may be as much as is seen of a whole table from another time. */
const SMALL_TABLE = 4;

interface PageRows {
  rows: number;
  torn: number;
  impossible: number;
}

/**
 * Doubts from the sums themselves. One or two tags that are off by a few are torn, and no reason to doubt others. An
 * impossible one, or several torn ones, indicate that a page is from another time or another table's; on several pages,
 * that a whole table is.
 */
export function tornRows(totals: Iterable<TagTotal>, layout: TrackerLayout, slots: number): Doubt[] {
  const pages = new Map<number, PageRows>();
  const all: PageRows = { rows: 0, torn: 0, impossible: 0 };
  const impossibleSlots: number[] = [];
  for (const { slot, place, consistency, complete } of totals) {
    // Incomplete rows are marked already, and are no evidence about others.
    if (place !== 'table' || !complete) continue;
    const page = pageOfSlot(slot, layout);
    const here = pages.get(page) ?? { rows: 0, torn: 0, impossible: 0 };
    pages.set(page, here);
    for (const count of [here, all]) {
      count.rows++;
      if (consistency !== 'consistent') count.torn++;
      if (consistency === 'impossible') count.impossible++;
    }
    if (consistency === 'impossible') impossibleSlots.push(slot);
  }
  const doubts: Doubt[] = [];
  for (const [page, { rows, torn, impossible }] of pages) {
    const elsewhere = Math.max(COMMON_SHARE, (all.torn - torn) / Math.max(1, all.rows - rows));
    const isCluster = torn >= MIN_TORN && chanceOfAtLeast(torn, rows, elsewhere) * pages.size < MIN_CHANCE;
    if (impossible === 0 && !isCluster) continue;
    doubts.push({
      code: 'page-torn',
      message: `${torn} of ${rows} tags of page ${page} of the tables do not add up: a page there is of another moment, or not the table's`,
      slots: slotsOnPage(page, layout, slots),
    });
  }
  const many = pages.size <= SMALL_TABLE ? 1 : MANY_PAGES;
  if (doubts.length >= many || isTooMany(all))
    doubts.push({
      code: 'tables-torn',
      message: `${all.torn} of ${all.rows} tags do not add up: a table is of another moment than the rest`,
      slots: null,
    });
  return [...doubts, ...impossibleSlots.map(impossibleTag)];
}

/** No machine shows such counts: the entry was overwritten, or is another table's. */
function impossibleTag(slot: number): Doubt {
  return {
    code: 'tag-impossible',
    message: `the counters of the tag in slot ${slot} cannot be: far more is freed than allocated, or no allocations explain its bytes`,
    slots: { first: slot, last: slot },
  };
}

/** More torn tags than any machine shows, idle or busy. */
function isTooMany({ rows, torn }: PageRows): boolean {
  return torn >= MIN_TORN && torn > rows * 0.1 && chanceOfAtLeast(torn, rows, BUSY_SHARE) < MIN_CHANCE;
}
