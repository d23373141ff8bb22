import { PAGE_SIZE } from '../../../address.js';
import { pagePeriod } from './page-fit.js';
import { wordsOf, type UnplacedPage } from './page-collection.js';
import { pageCount, slotAcross, type PlacedPage, type TableShape } from './table-shape.js';

/** Evidence of a key that equals table 0's at its slot, which happens by chance once in 2^32. */
const KEY_SCORE = 12;

/**
 * Pages without a sign of their own, at the place where all of their keys equal table 0's.
 * @param known table 0's keys by slot
 */
export function placeSparse(
  pages: readonly UnplacedPage[],
  known: ReadonlyMap<number, number>,
  shape: TableShape,
): PlacedPage[] {
  const placed: PlacedPage[] = [];
  for (const page of pages) {
    const words = wordsOf(page);
    const used = [...words.keys()].filter((at) => words[at] !== 0);
    for (let index = 0; index < pageCount(shape); index++) {
      const keys = keysAt(words, used, index, known, shape);
      if (keys === 0) continue;
      const fit = {
        channel: shape.channel,
        slots: shape.slots < 512 ? shape.slots : null,
        page: shape.slots < 512 ? index : index % pagePeriod(shape.channel),
        score: keys * KEY_SCORE,
        keys,
        atHome: 0,
        dirty: 0,
      };
      placed.push({ page: { ...page, fit }, index });
      break;
    }
  }
  return placed;
}

/** The number of a page's keys if its index were `index`; 0 if anything on it contradicts table 0. */
function keysAt(
  words: Uint32Array,
  used: readonly number[],
  index: number,
  known: ReadonlyMap<number, number>,
  shape: TableShape,
): number {
  const { size } = shape.channel.layout;
  let last = -1;
  let keys = 0;
  for (const at of used) {
    const slot = Math.floor((index * PAGE_SIZE + at * 4) / size);
    if (slot === last) continue;
    last = slot;
    if (slot > shape.slots) return 0;
    const key = known.get(slot);
    if (key === undefined) return 0;
    if (slot === slotAcross(index, shape)) continue;
    if (words[(slot * size - index * PAGE_SIZE) / 4] !== key) return 0;
    keys++;
  }
  return keys;
}
