import { hashOfKey, UNKNOWN, type TagHash } from '../table/hash-law.js';
import type { TrackerTable } from '../table/tracker-table.js';
import { pageOfSlot, slotsOnPage, type Doubt } from './doubt.js';
import { chanceOfAtMost } from './likelihood.js';

/** Minimum number of keys for judging a page by the share at home. */
const MIN_KEYS = 8;
/** Displacement that is not far: in a full table most keys have less, on the pages that filled last fewer. */
const NEAR = 64;
/** Minimum probability, over all pages of a table, for a page to be accepted as the table's. */
const MIN_CHANCE = 1e-5;

/** The keys on a page of a table, judged by the hash law. */
export interface PageLaw {
  readonly page: number;
  /** Keys of entries that begin here, except the overflow slot's. */
  readonly keys: number;
  readonly atHome: number;
  /** Keys at home or not far from it. */
  readonly near: number;
  /** Keys that violate the law: a slot between their home and them is free. */
  readonly unlawful: number;
  /** Free slots here that make keys elsewhere unlawful. */
  readonly gaps: number;
}

/**
 * Checks each key of table 0 against the law: a key is put into the first free slot from its home on and never leaves
 * it, so every slot between must be occupied. A slot that was not read counts as occupied.
 */
export function lawOfPages(table: TrackerTable, slots: number, hash: TagHash = hashOfKey): PageLaw[] {
  const mask = slots - 1;
  const pages = Array.from({ length: table.pageCount }, (_, page) => ({
    page,
    keys: 0,
    atHome: 0,
    near: 0,
    unlawful: 0,
    gaps: 0,
  }));
  const keys = table.keys();
  const nextFree = firstFreeFrom(keys, slots);
  for (let slot = 0; slot < slots; slot++) {
    const key = keys[slot]!;
    if (key === 0 || key === UNKNOWN) continue;
    const here = pages[pageOfSlot(slot, table.layout)]!;
    here.keys++;
    const home = hash(key) & mask;
    const displacement = (slot - home) & mask;
    if (displacement === 0) here.atHome++;
    if (displacement <= Math.min(NEAR, slots >> 3)) here.near++;
    const free = nextFree[home]!;
    if (free < 0 || ((free - home) & mask) >= displacement) continue;
    here.unlawful++;
    pages[pageOfSlot(free, table.layout)]!.gaps++;
  }
  return pages;
}

/** For each slot, the first free one from it on, with wrap-around; -1 where there is none. */
function firstFreeFrom(keys: ArrayLike<number>, slots: number): Int32Array {
  const next = new Int32Array(slots).fill(-1);
  let free = -1;
  for (let at = 2 * slots - 1; at >= 0; at--) {
    const slot = at % slots;
    if (keys[slot] === 0) free = slot;
    next[slot] = free;
  }
  return next;
}

/** Pages of table 0 that violate the law, each with the affected slots. */
export function unlawfulPages(table: TrackerTable, slots: number, law: readonly PageLaw[]): Doubt[] {
  const all = law.reduce((sum, page) => sum + page.keys, 0);
  const share = (of: 'atHome' | 'near'): number => law.reduce((sum, page) => sum + page[of], 0) / Math.max(1, all);
  const [homely, close] = [share('atHome'), share('near')];
  const doubts: Doubt[] = [];
  for (const { page, keys, atHome, near, unlawful, gaps } of law) {
    const chance = Math.min(chanceOfAtMost(atHome, keys, homely / 2), chanceOfAtMost(near, keys, close / 2));
    const isForeign = keys >= MIN_KEYS && chance * law.length < MIN_CHANCE;
    if (unlawful === 0 && gaps === 0 && !isForeign) continue;
    const why = isForeign
      ? `${atHome} of its ${keys} keys lie at home, ${near} near it`
      : unlawful > 0
        ? `${unlawful} of its ${keys} keys cannot have been put there`
        : `${gaps} of its free slots must be taken`;
    doubts.push({
      code: 'page-unlawful',
      message: `page ${page} of table 0 contradicts the hash law: ${why}`,
      slots: slotsOnPage(page, table.layout, slots),
    });
  }
  return doubts;
}
