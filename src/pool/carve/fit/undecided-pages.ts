import { LAW_CHANNELS } from '../scan/page-signs.js';
import { wordsOf } from './page-collection.js';
import { fitPage } from './page-fit.js';
import {
  entriesOnPage,
  MIN_SHARE,
  placeUnder,
  type PlacedPage,
  type ShapedPages,
  type TableShape,
} from './table-shape.js';

/**
 * Pages assigned to other kinds of tables that are equally likely to belong to the main ones. A page with one key fits
 * several kinds if its offset is the same under their layouts, or if a counter looks like a key by chance: the page
 * alone does not decide, but the tables do. Pages that fit the main tables no worse belong to them, and so do pages all
 * of whose keys are theirs, which is no coincidence.
 */
export function undecidedPages({ shape, pages }: ShapedPages, others: readonly ShapedPages[]): PlacedPage[] {
  const known = new Set(pages.flatMap((placed) => namesOf(placed, shape)));
  const open = others
    .filter(({ shape: { channel } }) => channel !== shape.channel)
    .flatMap((other) => other.pages.flatMap((placed) => refit(placed, shape)));
  const asGood = open.filter(({ placed, isWorse }) => !isWorse || hasOnly(placed, known, shape));
  for (const { placed } of asGood) for (const name of namesOf(placed, shape)) known.add(name);
  return open.filter((one) => asGood.includes(one) || hasOnly(one.placed, known, shape)).map(({ placed }) => placed);
}

interface Refit {
  readonly placed: PlacedPage;
  /** Whether it fits the other kind better. */
  readonly isWorse: boolean;
}

/** The page refitted as one of the main tables: none or one. */
function refit({ page }: PlacedPage, { channel, slots }: TableShape): Refit[] {
  const fit = fitPage(page.bytes, 1 << LAW_CHANNELS.indexOf(channel));
  if (fit === null || (fit.slots !== null && fit.slots !== slots) || fit.dirty > 0) return [];
  const refitted = { ...page, fit };
  const { index, share } = fit.slots === null ? placeUnder(refitted, slots) : { index: fit.page, share: 1 };
  return share < MIN_SHARE ? [] : [{ placed: { page: refitted, index }, isWorse: fit.score < page.fit.score }];
}

function hasOnly(placed: PlacedPage, known: ReadonlySet<string>, shape: TableShape): boolean {
  return namesOf(placed, shape).every((name) => known.has(name));
}

/** The keys on a page, each with its slot. */
function namesOf({ page, index }: PlacedPage, shape: TableShape): string[] {
  const words = wordsOf(page);
  return [...entriesOnPage(shape, index)]
    .filter(([, at]) => words[at] !== 0)
    .map(([slot, at]) => `${slot} ${words[at]!}`);
}
