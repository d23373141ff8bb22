import { PAGE_SIZE } from '../../../address.js';
import { MAX_SLOTS } from '../../table/hash-law.js';
import type { LawChannel } from '../scan/page-signs.js';
import { wordsOf, type CarvedPage } from './page-collection.js';

/** Layout, hash and N, common to all pages of a table. */
export interface TableShape {
  readonly channel: LawChannel;
  /** N. */
  readonly slots: number;
}

/** A page with its place in a table of some shape. */
export interface PlacedPage {
  readonly page: CarvedPage;
  readonly index: number;
}

export interface ShapedPages {
  readonly shape: TableShape;
  readonly pages: readonly PlacedPage[];
  /** Number of keys on them. */
  readonly keys: number;
}

/** Number of pages of a table of that shape, including its overflow slot. */
export function pageCount({ channel, slots }: TableShape): number {
  return Math.ceil(((slots + 1) * channel.layout.size) / PAGE_SIZE);
}

/** The slot whose entry begins on the page before `index` and ends on page `index`; null when there is none. */
export function slotAcross(
  index: number,
  {
    channel: {
      layout: { size },
    },
    slots,
  }: TableShape,
): number | null {
  const slot = Math.floor((index * PAGE_SIZE) / size);
  return (index * PAGE_SIZE) % size === 0 || slot > slots ? null : slot;
}

/** Slots of the entries that begin on a page, each with the index of its first word. */
export function* entriesOnPage(
  {
    channel: {
      layout: { size },
    },
    slots,
  }: TableShape,
  index: number,
): Generator<readonly [slot: number, word: number]> {
  const first = Math.ceil((index * PAGE_SIZE) / size);
  for (let slot = first, at = first * size - index * PAGE_SIZE; at < PAGE_SIZE && slot <= slots; slot++, at += size) {
    yield [slot, at / 4];
  }
}

/** Displacement from which a key is no evidence for N. */
const FARTHEST = 64;

/**
 * The index of a page in a table with N slots, by majority of its keys.
 * @returns the page's index and the share of its keys that agree
 */
export function placeUnder(page: CarvedPage, slots: number): { index: number; share: number } {
  const { channel, page: residue } = page.fit;
  const { size } = channel.layout;
  const words = wordsOf(page);
  const votes = new Map<number, number>();
  let total = 0;
  const first = Math.ceil((residue * PAGE_SIZE) / size);
  for (let slot = first, at = (first * size - residue * PAGE_SIZE) / 4; at < words.length; slot++, at += size / 4) {
    const key = words[at]!;
    if (key === 0) continue;
    const hash = channel.hash(key);
    const displacement = (slot - hash) & 511;
    if (displacement > FARTHEST) continue;
    const index = Math.floor((((hash + displacement) & (slots - 1)) * size) / PAGE_SIZE);
    votes.set(index, (votes.get(index) ?? 0) + 1 / (displacement + 1));
    total += 1 / (displacement + 1);
  }
  let best = { index: 0, share: 0 };
  for (const [index, weight] of votes) {
    if (weight / total > best.share) best = { index, share: weight / total };
  }
  return best;
}

/** Share of a page's keys that must agree on its place; half of them agree under twice the true N. */
export const MIN_SHARE = 0.75;

/** Minimum number of keys for deriving N from one page. */
const TELLING_KEYS = 6;

/** The largest N under which most keys of the page agree. */
function largestSlots(page: CarvedPage): number {
  let slots = 512;
  while (slots < MAX_SLOTS && placeUnder(page, slots * 2).share >= MIN_SHARE) slots *= 2;
  return slots;
}

/**
 * Groups pages by the shape of their table, most keys first. A page with many keys determines N; one with few joins the
 * shape that most keys have.
 */
export function shapesOf(pages: readonly CarvedPage[]): ShapedPages[] {
  const groups = new Map<string, { shape: TableShape; pages: PlacedPage[]; keys: number }>();
  const join = (channel: LawChannel, slots: number, page: CarvedPage, index: number): void => {
    const name = `${channel.layout.size} ${channel.xp} ${slots}`;
    const group = groups.get(name) ?? { shape: { channel, slots }, pages: [], keys: 0 };
    groups.set(name, group);
    group.pages.push({ page, index });
    group.keys += page.fit.keys;
  };
  for (const channel of new Set(pages.map(({ fit }) => fit.channel))) {
    const ofChannel = pages.filter(({ fit }) => fit.channel === channel);
    for (const page of ofChannel) {
      if (page.fit.slots !== null) join(channel, page.fit.slots, page, page.fit.page);
    }
    let rest = ofChannel.filter(({ fit }) => fit.slots === null);
    while (rest.length > 0) {
      const slots = commonSlots(rest);
      const others: CarvedPage[] = [];
      for (const page of rest) {
        const { index, share } = placeUnder(page, slots);
        if (share >= MIN_SHARE) join(channel, slots, page, index);
        else others.push(page);
      }
      if (others.length === rest.length) break;
      rest = others;
    }
  }
  return [...groups.values()].sort((a, b) => b.keys - a.keys);
}

/** The N of the pages that have most of the keys. */
function commonSlots(pages: readonly CarvedPage[]): number {
  const telling = pages.filter(({ fit }) => fit.atHome >= TELLING_KEYS);
  const weights = new Map<number, number>();
  for (const page of telling.length > 0 ? telling : pages) {
    const slots = largestSlots(page);
    weights.set(slots, (weights.get(slots) ?? 0) + page.fit.atHome);
  }
  // A few keys may agree by chance under an N that is too large, never under one that is too small.
  const ordered = [...weights].sort(([a], [b]) => a - b);
  const total = ordered.reduce((sum, [, weight]) => sum + weight, 0);
  return (ordered.find(([, weight]) => weight >= total / 4) ?? ordered[0]!)[0];
}
