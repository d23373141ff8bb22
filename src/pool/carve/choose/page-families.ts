import { PAGE_SIZE } from '../../../address.js';
import { entriesOnPage, type PlacedPage, type TableShape } from '../fit/table-shape.js';
import { wordsOf } from '../fit/page-collection.js';

/** Pages of one place whose keys agree: copies of one page, and other processors' pages. */
export interface PageFamily {
  readonly index: number;
  readonly pages: readonly PlacedPage[];
  /** Keys by slot: those that the hash law allows there. */
  readonly keys: ReadonlyMap<number, number>;
  /** Sum of the pages' evidence, in bits. */
  readonly score: number;
}

interface GrowingFamily {
  readonly index: number;
  readonly pages: PlacedPage[];
  readonly keys: Map<number, number>;
  score: number;
}

/** A page joins a family when no more than this share of the keys that both have differ. */
const MAX_STRANGERS = 1 / 2;

function keysOf({ page, index }: PlacedPage, shape: TableShape): [slot: number, key: number][] {
  const words = wordsOf(page);
  const keys: [number, number][] = [];
  for (const [slot, at] of entriesOnPage(shape, index)) {
    if (words[at] !== 0) keys.push([slot, words[at]!]);
  }
  return keys;
}

/**
 * Groups the pages of one place by their keys, most evidence first: every table of one system has the same key at a slot.
 * @param farthest maximum displacement of a key that counts; see farthestKey
 */
export function familiesOf(
  index: number,
  pages: readonly PlacedPage[],
  shape: TableShape,
  farthest: number,
): PageFamily[] {
  const families: GrowingFamily[] = [];
  const ordered = [...pages].sort((a, b) => b.page.fit.score - a.page.fit.score);
  for (const placed of ordered) {
    const keys = keysOf(placed, shape);
    const home = families.find((family) => agrees(keys, family)) ?? {
      index,
      pages: [],
      keys: new Map<number, number>(),
      score: 0,
    };
    if (home.pages.length === 0) families.push(home);
    home.pages.push(placed);
    home.score += placed.page.fit.score;
    for (const [slot, key] of keys) {
      const displacement = (slot - shape.channel.hash(key)) & (shape.slots - 1);
      if (!home.keys.has(slot) && (displacement <= farthest || slot === shape.slots)) home.keys.set(slot, key);
    }
  }
  return families.sort((a, b) => b.score - a.score);
}

/** Maximum displacement of a key: almost unlimited in a nearly full table, this much in others. */
const CLOSE_BY = 64;
const NEARLY_FULL = 0.75;

/** @param places the pages of each place of the table */
export function farthestKey(places: Iterable<readonly PlacedPage[]>, { channel, slots }: TableShape): number {
  const most = [...places].map((pages) => Math.max(...pages.map(({ page }) => page.fit.keys))).sort((a, b) => a - b);
  const load = (most[most.length >> 1] ?? 0) / (PAGE_SIZE / channel.layout.size);
  return load < NEARLY_FULL ? CLOSE_BY : slots;
}

function agrees(keys: readonly (readonly [number, number])[], family: GrowingFamily): boolean {
  let same = 0;
  let other = 0;
  for (const [slot, key] of keys) {
    const known = family.keys.get(slot);
    if (known === key) same++;
    else if (known !== undefined) other++;
  }
  return same > 0 && other <= (same + other) * MAX_STRANGERS;
}
