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
  const equal = new Map<string, number>();
  const counts = pages[0]?.growing.length ?? 0;
  for (let index = 0; index < counts; index++) {
    // Pages by value: comparing each with each would take long on a machine with many processors.
    const byValue = new Map<number, number[]>();
    for (const [at, { growing }] of pages.entries()) {
      const value = growing[index]!;
      if (value > 1) byValue.set(value, [...(byValue.get(value) ?? []), at]);
    }
    for (const same of byValue.values())
      for (const [place, one] of same.entries())
        for (const other of same.slice(place + 1))
          equal.set(`${one} ${other}`, (equal.get(`${one} ${other}`) ?? 0) + 1);
  }
  for (const [pair, count] of equal) {
    if (count < EQUAL_COUNTS) continue;
    const [one, other] = pair.split(' ').map((at) => pages[Number(at)]!.growing);
    const used = one!.filter((value, index) => value !== 0 && other![index] !== 0).length;
    if (count >= used * EQUAL_SHARE) return 'two live pages have the same counts: one may be a copy';
  }
  return null;
}
