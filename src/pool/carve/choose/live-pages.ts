import { PAGE_SIZE } from '../../../address.js';
import { breathe } from '../../../breathe.js';
import { disputedSlots, isOverwritten } from './overwritten-pages.js';
import { equalCounts, withoutReports } from './report-pages.js';
import { costOf, mayBeStatesOfOne, openAlternative } from './open-alternatives.js';
import { Balance, countsOf, growthFrom, judgedPairs, sumOfGrowing, total, type PageCounts } from './balance.js';
import type { CarvedPage } from '../fit/page-collection.js';
import type { PageFamily } from './page-families.js';
import type { PlacedPage, TableShape } from '../fit/table-shape.js';

/** Classification of a page that is not live. */
export type SetAside = 'snapshot' | 'old copy' | 'overwritten' | 'out of balance';

/** The pages of one place that belong to the live tables. */
export interface LivePages {
  readonly index: number;
  /** One page per processor, table 0 first. */
  readonly live: readonly PlacedPage[];
  readonly setAside: readonly { readonly placed: PlacedPage; readonly as: SetAside }[];
  /** Number of keys that table 0 has there. */
  readonly keys: number;
  /** Why the choice is uncertain; null when it is certain. */
  readonly doubt: string | null;
  /** Approximate number of tags with inconsistent sums. */
  readonly cost: number;
  /** Slots at which copies that agree otherwise have another key: nothing tells which of them was overwritten. */
  readonly disputed: readonly number[];
  /** Whether two of the live pages may be states of one, as far as their few counts show. */
  readonly mayBeOne: boolean;
}

/** A page counts as a near copy when half of its counters are at least this share of the original's. */
const NEAR = 0.5;
/** Share of the counters that must not have shrunk; an image taken from a running system is smeared. */
const GROWN = 0.95;
/** Minimum number of counters for a meaningful comparison. */
const MIN_COMPARED = 4;

/** Maximum share of inconsistent tags in a balanced sum. */
const MAX_COST = 0.2;
/** Smallest significant change of the cost. */
const TELLING_COST = 0.5;
/** Difference of two choices' costs that decides where nothing else tells which is the earlier one. */
const TELLING_DISTANCE = 3;
/** Removing or adding a page must correct this share of its tags, and this number: some are always smeared. */
const TELLING_SHARE = 0.3;
const MIN_SET_RIGHT = 3;

/** Table 0's page of a place, the other processors' pages, and the cost of their sum. */
interface Choice {
  readonly first: PageCounts;
  readonly members: ReadonlySet<PageCounts>;
  readonly cost: number;
}

/**
 * Distinguishes live pages from copies, by these rules:
 *
 * - only table 0 holds every key, and so does a snapshot of the sums, which a query leaves in memory;
 * - the sum over all live pages is in balance, and with one page too few or too many it is not;
 * - counts only grow, so of two states of the same counts the lower is the older;
 * - a page whose keys contradict the others has been overwritten.
 *
 * @param anchor table 0's page, where its physical neighbours identify it
 */
export async function choosePages(family: PageFamily, shape: TableShape, anchor?: CarvedPage): Promise<LivePages> {
  const placedOf = new Map(family.pages.map((placed) => [countsOf(placed, shape), placed] as const));
  const all = [...placedOf.keys()];
  const setAside = new Map<PageCounts, SetAside>();
  const expected = Uint32Array.from(keyList(family, shape, all));
  leaveUnjudged(all);

  const whole = all.filter((page) => !isOverwritten(page, expected));
  const usable = whole.length > 0 ? whole : all;
  for (const page of all) if (!usable.includes(page)) setAside.set(page, 'overwritten');

  const keys = expected.reduce((sum, key) => sum + (key === 0 ? 0 : 1), 0);
  const full = usable.filter((page) => page.keys.every((key, entry) => key !== 0 || expected[entry] === 0));
  const pairs = judgedPairs(usable);
  const anchored = full.filter(({ page }) => page === anchor);
  const firsts = anchored.length > 0 ? anchored : full.length > 0 ? full : usable.slice(0, 1);
  const choices: Choice[] = [];
  for (const first of firsts) choices.push(await balanced(first, usable, full, shape));
  const best = bestChoice(choices, pairs);
  const chosen = new Set(best.members);
  preferLatest(chosen, best.first, usable, shape);
  dropCopies(chosen, best.first, shape, setAside);
  const candidates = usable.filter((page) => !setAside.has(page) && !(anchored.length > 0 && full.includes(page)));
  admitUnexplained(chosen, best.first, candidates, keys > FEW_KEYS ? full : [], shape);
  const { first, members } = withoutReports({ first: best.first, members: chosen }, full, shape);
  for (const page of usable) {
    if (!members.has(page)) setAside.set(page, asideReason(page, members));
  }
  const cost = costOf(members, first.bytes.length, shape);
  return {
    index: family.index,
    live: [first, ...[...members].filter((page) => page !== first)].map((page) => placedOf.get(page)!),
    setAside: [...setAside].map(([page, as]) => ({ placed: placedOf.get(page)!, as })),
    keys,
    cost,
    disputed: disputedSlots(family, shape, usable, expected),
    mayBeOne: mayBeStatesOfOne(members),
    doubt:
      doubtOf(cost, pairs, full.length, members, all) ??
      equalCounts(members) ??
      openAlternative(members, first, usable, full, shape),
  };
}

function keyList(family: PageFamily, shape: TableShape, all: readonly PageCounts[]): number[] {
  const first = Math.ceil((family.index * PAGE_SIZE) / shape.channel.layout.size);
  return Array.from(all[0]!.keys, (_, entry) => family.keys.get(first + entry) ?? 0);
}

/** A counter that cannot be judged on one page is judged on none, or sums would be wrong. */
function leaveUnjudged(pages: readonly PageCounts[]): void {
  for (const page of pages) {
    page.outstanding.forEach((value, index) => {
      if (Number.isNaN(value)) for (const other of pages) other.outstanding[index] = NaN;
    });
  }
}

/** Starts from `first` and all pages that are not full, and flips one page at a time while the sum improves. */
async function balanced(
  first: PageCounts,
  usable: readonly PageCounts[],
  full: readonly PageCounts[],
  shape: TableShape,
): Promise<Choice> {
  const members = new Set([first, ...usable.filter((page) => !full.includes(page))]);
  const together = await climb(first, members, usable, shape);
  if (together.cost <= 1 + judgedPairs([...together.members]) * MAX_COST) return together;
  const alone = await climb(first, new Set([first]), usable, shape);
  return alone.cost < together.cost - TELLING_COST ? alone : together;
}

async function climb(
  first: PageCounts,
  members: Set<PageCounts>,
  usable: readonly PageCounts[],
  shape: TableShape,
): Promise<Choice> {
  const balance = new Balance(shape.channel.layout, first.bytes.length);
  for (const page of members) balance.add(page, 1);
  let cost = balance.cost();
  const telling = new Map<PageCounts, number>();
  for (const page of usable) {
    await breathe();
    telling.set(page, tellingCost(page, usable));
  }
  for (let step = 0; step < usable.length * 2; step++) {
    await breathe();
    let best: { page: PageCounts; cost: number } | null = null;
    for (const page of usable) {
      if (page === first) continue;
      const changed = balance.cost(page, members.has(page) ? -1 : 1);
      if (changed < cost - telling.get(page)! && (best === null || changed < best.cost)) best = { page, cost: changed };
    }
    if (best === null) break;
    balance.add(best.page, members.has(best.page) ? -1 : 1);
    if (!members.delete(best.page)) members.add(best.page);
    cost = best.cost;
  }
  return { first, members, cost };
}

/** Minimum change of the balance that decides about a page: small if it looks like a copy of another one anyway. */
function tellingCost(page: PageCounts, usable: readonly PageCounts[]): number {
  if (usable.some((other) => other !== page && (isNearCopy(page, other) || isNearCopy(other, page))))
    return TELLING_COST;
  return Math.max(MIN_SET_RIGHT, judgedPairs([page]) * TELLING_SHARE);
}

/** Maximum number of keys on a page of which another processor may well have touched all. */
const FEW_KEYS = 8;

/**
 * Admits pages without contrary evidence: no copy, no snapshot, and no harm to the balance.
 * @param rarities pages that would be unusual for another processor: admitted only if they improve the balance
 */
function admitUnexplained(
  members: Set<PageCounts>,
  first: PageCounts,
  candidates: readonly PageCounts[],
  rarities: readonly PageCounts[],
  shape: TableShape,
): void {
  for (const page of candidates) {
    if (members.has(page) || asideReason(page, members) !== 'out of balance') continue;
    const harm = costOf([...members, page], first.bytes.length, shape) - costOf(members, first.bytes.length, shape);
    if (harm < (rarities.includes(page) ? -TELLING_COST : tellingCost(page, candidates))) members.add(page);
  }
}

/** The balanced choice that is not an earlier state of another one. */
function bestChoice(choices: readonly Choice[], pairs: number): Choice {
  const inBalance = choices.filter(({ cost }) => cost <= 1 + pairs * MAX_COST);
  const candidates = inBalance.length > 0 ? inBalance : choices;
  return candidates.reduce((best, choice) => (isEarlier(best, choice) ? choice : best));
}

/** Whether the first choice's table 0 is a snapshot of the second choice's sum, rather than the other way round. */
function isEarlier(one: Choice, other: Choice): boolean {
  const forth = snapshotDistance(one.first, other);
  const back = snapshotDistance(other.first, one);
  if (forth !== back) return forth < back;
  if (Math.abs(one.cost - other.cost) > TELLING_DISTANCE) return one.cost > other.cost;
  return total(sumOfGrowing([...one.members])) < total(sumOfGrowing([...other.members]));
}

/** How much the sum grew since the page, if it is a snapshot of the sum; infinite when it cannot be one. */
function snapshotDistance(page: PageCounts, { members }: Choice): number {
  const sum = sumOfGrowing([...members].filter((member) => member !== page));
  const growth = growthFrom(page.growing, sum);
  return growth.grown < GROWN ? Infinity : total(sum) - total(page.growing);
}

function isNearCopy(earlier: PageCounts, later: PageCounts): boolean {
  if (earlier.keys.some((key, entry) => key !== 0 && later.keys[entry] !== key)) return false;
  const growth = growthFrom(earlier.growing, later.growing);
  return growth.compared >= MIN_COMPARED && growth.grown >= GROWN && growth.ratio >= NEAR;
}

/** Replaces the earlier of two states of one page by the later one, unless the balance gets worse. */
function preferLatest(
  members: Set<PageCounts>,
  first: PageCounts,
  usable: readonly PageCounts[],
  shape: TableShape,
): void {
  for (const page of usable) {
    if (members.has(page)) continue;
    const old = [...members].find(
      (member) => member !== first && isNearCopy(member, page) && !isNearCopy(page, member),
    );
    if (old === undefined) continue;
    const swapped = new Set(members).add(page);
    swapped.delete(old);
    if (costOf(swapped, first.bytes.length, shape) > costOf(members, first.bytes.length, shape) + TELLING_COST)
      continue;
    members.delete(old);
    members.add(page);
  }
}

/** Removes pages that are near copies of another and not needed for the balance. */
function dropCopies(
  members: Set<PageCounts>,
  first: PageCounts,
  shape: TableShape,
  setAside: Map<PageCounts, SetAside>,
): void {
  for (const page of [...members]) {
    if (page === first || ![...members].some((other) => other !== page && isNearCopy(page, other))) continue;
    const without = new Set(members);
    without.delete(page);
    if (costOf(without, first.bytes.length, shape) > costOf(members, first.bytes.length, shape) + TELLING_COST)
      continue;
    members.delete(page);
    setAside.set(page, 'old copy');
  }
}

function asideReason(page: PageCounts, members: ReadonlySet<PageCounts>): SetAside {
  if ([...members].some((member) => isNearCopy(page, member))) return 'old copy';
  const sum = sumOfGrowing([...members]);
  const since = growthFrom(page.growing, sum);
  if (since.grown >= GROWN && since.ratio >= NEAR) return 'snapshot';
  // A snapshot exceeds the sum if a live page is lost; no single processor counts more than all others together.
  const until = growthFrom(sum, page.growing);
  return until.grown >= GROWN && until.compared >= MIN_COMPARED && members.size > 1 ? 'snapshot' : 'out of balance';
}

/** Minimum number of keys for balance to be evidence. */
const MIN_WITNESSES = 3;
/** With fewer counters, two processors may well hold the same page. */
const TELLING_COUNTERS = 4;

function doubtOf(
  cost: number,
  pairs: number,
  full: number,
  members: ReadonlySet<PageCounts>,
  all: readonly PageCounts[],
): string | null {
  if (full === 0) return 'no page holds every key: table 0 is missing there';
  // There was nothing to decide: an unbalanced sum comes from the kernel itself, or the image.
  if (members.size === all.length && all.every(({ page }) => page.copies === 1)) return null;
  if (cost > 1 + pairs * MAX_COST) return `the best sum is out of balance for ${Math.round(cost)} of ${pairs} counts`;
  if (all.length > 1 && pairs < MIN_WITNESSES && members.size < all.length)
    return 'too few counts to tell live pages from copies';
  for (const page of members) {
    const counters = page.growing.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
    if (page.page.copies > 1 && counters < TELLING_COUNTERS && all.length > 1)
      return "equal pages that may be copies or two processors'";
  }
  return null;
}
