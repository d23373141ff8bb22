import type { TableShape } from '../fit/table-shape.js';
import { Balance, type PageCounts } from './balance.js';

/** By how much another choice must be worse to be out of the question: so many tags that make no sense. */
const TELLING_COST = 2;
/** Counters from which two processors' pages do not order like two states of one page by chance. */
const TELLING_COUNTERS = 8;

/** What the sum of some pages costs: about 1 for each tag and pool that makes no sense. */
export function costOf(members: Iterable<PageCounts>, length: number, shape: TableShape): number {
  const balance = new Balance(shape.channel.layout, length);
  for (const page of members) balance.add(page, 1);
  return balance.cost();
}

/**
 * Whether another choice of live pages would do as well as the one made: one page more, or one in another's place. A
 * page that counts no further than the one it would replace is an earlier state of it, and out of the question.
 * @returns why the choice is open; null when nothing else will do
 */
export function openAlternative(
  members: ReadonlySet<PageCounts>,
  first: PageCounts,
  usable: readonly PageCounts[],
  shape: TableShape,
): string | null {
  const length = first.bytes.length;
  const cost = costOf(members, length, shape);
  for (const page of usable) {
    if (members.has(page)) continue;
    for (const member of members) {
      if (isOrdered(page, member)) continue;
      const others = [...members].filter((other) => other !== member);
      if (costOf([...others, page], length, shape) < cost + TELLING_COST)
        return 'a page that was set aside adds up as well in the place of a live one';
    }
  }
  return null;
}

/** Whether two live pages may be states of one: each counter of the one is no higher, and there are few. */
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

function countersOf({ growing }: PageCounts): number {
  return growing.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
}
