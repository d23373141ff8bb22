import type { TableShape } from '../fit/table-shape.js';
import { sumOfGrowing, type PageCounts } from './balance.js';
import { costOf } from './open-alternatives.js';

/** In a report, most counts are within this factor of the sum of the rest: it is older, or a page of the rest is lost. */
const NEAR = 2;
const NEAR_SHARE = 0.75;
/** Minimum number of counts for that to be no coincidence. */
const MIN_COUNTS = 8;
/** Smallest significant change of the cost. */
const TELLING_COST = 0.5;

/** Whether a page can be a report of the sum of the other members: then all of them are counted twice. */
function isReportOfRest(page: PageCounts, members: ReadonlySet<PageCounts>): boolean {
  const rest = [...members].filter((member) => member !== page);
  if (rest.length < 2) return false;
  const sum = sumOfGrowing(rest);
  let [counted, near] = [0, 0];
  for (const [index, value] of page.growing.entries()) {
    const other = sum[index]!;
    if (value === 0 && other === 0) continue;
    counted++;
    if (value * NEAR >= other && other * NEAR >= value) near++;
  }
  return counted >= MIN_COUNTS && near >= counted * NEAR_SHARE;
}

/**
 * Takes reports of the sum out of the pages that make it up: a sum that is doubled is in balance as well. A report holds
 * every key, as only table 0 does, and without it the rest is in balance.
 * @param full pages with every key
 * @returns the pages without reports, and table 0's
 */
export function withoutReports(
  { first, members }: { readonly first: PageCounts; readonly members: ReadonlySet<PageCounts> },
  full: readonly PageCounts[],
  shape: TableShape,
): { readonly first: PageCounts; readonly members: ReadonlySet<PageCounts> } {
  const left = new Set(members);
  for (const page of full) {
    const others = full.filter((other) => other !== page && left.has(other));
    if (!left.has(page) || others.length === 0 || !isReportOfRest(page, left)) continue;
    const rest = new Set(left);
    rest.delete(page);
    const length = first.bytes.length;
    if (costOf(rest, length, shape) > costOf(left, length, shape) + TELLING_COST) continue;
    left.delete(page);
  }
  return { first: left.has(first) ? first : full.find((page) => left.has(page))!, members: left };
}

/** Minimum number of counts that two processors' pages do not share by chance, and the share of those that are not 0. */
const EQUAL_COUNTS = 4;
const EQUAL_SHARE = 0.5;

/** Whether a live page repeats the counts of another: a copy, or a report in which other processors have no part. */
export function equalCounts(members: ReadonlySet<PageCounts>): string | null {
  const pages = [...members];
  for (const [at, one] of pages.entries())
    for (const other of pages.slice(at + 1)) {
      let [used, equal] = [0, 0];
      for (const [index, value] of one.growing.entries()) {
        const theirs = other.growing[index]!;
        if (value === 0 || theirs === 0) continue;
        used++;
        if (value === theirs && value > 1) equal++;
      }
      if (equal >= EQUAL_COUNTS && equal >= used * EQUAL_SHARE)
        return 'two live pages have the same counts: one may be a copy';
    }
  return null;
}
