import type { TableShape } from '../fit/table-shape.js';
import { Balance, sumOfGrowing, type PageCounts } from './balance.js';

/** Cost difference, in inconsistent tags, from which another choice is ruled out. */
const TELLING_COST = 2;
/** Minimum number of counters for the order of two pages to be no coincidence. */
const TELLING_COUNTERS = 8;

/** Cost of the sum of some pages: about 1 per inconsistent tag and pool. */
export function costOf(members: Iterable<PageCounts>, length: number, shape: TableShape): number {
  const balance = new Balance(shape.channel.layout, length);
  for (const page of members) balance.add(page, 1);
  return balance.cost();
}

/** Minimum number of keys at which only the first processor has touched every tag of a page. */
const MANY_KEYS = 8;
/** Minimum number of equal counters for a page to be the sum of others, not by chance. */
const MIN_SUMMED = 3;

/**
 * Whether another choice of live pages is as good as the one made: a page that was set aside instead of a live one.
 * Every page must be explained: the replaced one must be an earlier state of the other, or a report of the sum of the
 * rest.
 * @param full pages with every key: table 0's, and reports of the sum
 * @returns why the choice is open; null when there is no alternative
 */
export function openAlternative(
  members: ReadonlySet<PageCounts>,
  first: PageCounts,
  usable: readonly PageCounts[],
  full: readonly PageCounts[],
  shape: TableShape,
): string | null {
  const length = first.bytes.length;
  const keys = first.keys.reduce((sum, key) => sum + (key === 0 ? 0 : 1), 0);
  const cost = costOf(members, length, shape);
  for (const page of usable) {
    if (members.has(page) || isSumOf(page, members)) continue;
    for (const member of members) {
      if (member !== first && keys > MANY_KEYS && full.includes(page)) continue;
      const instead = [...members].map((one) => (one === member ? page : one));
      const isExplained =
        (isOrdered(member, page) && !isOverwritten(page, member)) ||
        (full.includes(member) && isReportOf(member, instead));
      if (isExplained && costOf(instead, length, shape) < cost + TELLING_COST)
        return 'a page that was set aside adds up as well in the place of a live one';
    }
  }
  return null;
}

/** Whether a page is exactly the sum of all of these, which only a report is. */
function isSumOf({ growing }: PageCounts, members: ReadonlySet<PageCounts>): boolean {
  if (members.size < 2) return false;
  const sum = sumOfGrowing([...members]);
  const [first] = members;
  const added = growing.filter((value, index) => value !== first!.growing[index]).length;
  return added >= MIN_SUMMED && growing.every((value, index) => value === sum[index]!);
}

/** Whether two live pages may be states of one: no counter of the first is higher, and there are few counters. */
export function mayBeStatesOfOne(members: ReadonlySet<PageCounts>): boolean {
  const pages = [...members];
  return pages.some((one, at) =>
    pages.some((other, place) => place !== at && isOrdered(one, other) && countersOf(one) < TELLING_COUNTERS),
  );
}

/** Whether every count of `earlier` is at most that of `later`, which has all of its keys. */
function isOrdered(earlier: PageCounts, later: PageCounts): boolean {
  return (
    earlier.keys.every((key, entry) => key === 0 || later.keys[entry] === key) &&
    earlier.growing.every((value, index) => value <= later.growing[index]!)
  );
}

/** In a report, at least NEAR_SHARE of the counts are at least NEAR of the current ones. */
const NEAR = 0.5;
const NEAR_SHARE = 0.75;

/** Growth of a count that no machine shows while most others stay as they are. */
const MAX_GROWTH = 2 ** 40;

/** Whether a page is a partly overwritten copy of another one: most counts are the same, some absurd. */
function isOverwritten({ growing }: PageCounts, original: PageCounts): boolean {
  const used = growing.filter((value, index) => value !== 0 || original.growing[index] !== 0).length;
  const same = growing.filter((value, index) => value !== 0 && value === original.growing[index]).length;
  return same >= used * NEAR_SHARE && growing.some((value, index) => value - original.growing[index]! > MAX_GROWTH);
}

/** Whether a page can be a report of the sum of others: no count is higher, and most have not grown much since. */
function isReportOf({ growing }: PageCounts, others: readonly PageCounts[]): boolean {
  const sum = sumOfGrowing(others);
  let [counted, near] = [0, 0];
  for (let index = 0; index < sum.length; index++) {
    if (growing[index]! > sum[index]!) return false;
    if (sum[index] === 0) continue;
    counted++;
    if (growing[index]! >= sum[index]! * NEAR) near++;
  }
  return near >= counted * NEAR_SHARE;
}

function countersOf({ growing }: PageCounts): number {
  return growing.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
}
