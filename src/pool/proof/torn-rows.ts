import type { TagTotal } from '../table/tag-totals.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import { pageOfSlot, slotsOnPage, type Doubt } from './doubt.js';
import { chanceOfAtLeast } from './likelihood.js';

/** Number of impossible tags, on one page or in total, that is not a coincidence. */
const MIN_ON_PAGE = 2;
const MIN_IN_ALL = 4;
/** Share of tags that are torn on any machine. */
const COMMON_SHARE = 0.02;
const MIN_CHANCE = 1e-3;
/** In a table of so few pages, one that is torn may be as much as is seen of a whole table from another time. */
const SMALL_TABLE = 4;

interface PageRows {
  rows: number;
  torn: number;
  impossible: number;
}

/**
 * Doubts from the sums themselves. One or two tags that are off by a few are torn, and no reason to doubt others.
 * Impossible ones are doubted themselves. Several on one page indicate a page from another time or another table; several everywhere, a whole such table.
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
  let explained = 0;
  for (const [page, { rows, torn, impossible }] of pages) {
    const elsewhere = Math.max(COMMON_SHARE, (all.torn - torn) / Math.max(1, all.rows - rows));
    const isCluster = torn >= MIN_IN_ALL && chanceOfAtLeast(torn, rows, elsewhere) * pages.size < MIN_CHANCE;
    if (impossible < MIN_ON_PAGE && !isCluster) continue;
    explained += impossible;
    doubts.push({
      code: 'page-torn',
      message: `${torn} of ${rows} tags of page ${page} of the tables do not add up: a page there is of another moment, or not the table's`,
      slots: slotsOnPage(page, layout, slots),
    });
  }
  const many = Math.max(pages.size <= SMALL_TABLE ? 1 : 2, pages.size / 4);
  const isEverywhere = all.impossible - explained >= MIN_IN_ALL || doubts.length >= many || isTooMany(all);
  if (isEverywhere)
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
  return torn >= MIN_IN_ALL && torn > rows * 0.1 && chanceOfAtLeast(torn, rows, 0.05) < MIN_CHANCE;
}
