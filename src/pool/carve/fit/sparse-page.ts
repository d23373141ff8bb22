import { PAGE_SIZE } from '../../../address.js';
import { LAW_CHANNELS, type LawChannel } from '../scan/page-signs.js';
import { pagePeriod } from './page-fit.js';

/** Maximum plausible displacement of a key: a nearly empty table displaces few keys, and not far. */
const MAX_DISPLACEMENT = 96;

/** The start of entries on a page of each kind of table, and the slot of the first, modulo 512. */
interface Grid {
  readonly channel: LawChannel;
  readonly first: number;
  /** Word index of the first entry; words before it belong to an entry that begins on the previous page. */
  readonly start: number;
}

const GRIDS: readonly Grid[] = LAW_CHANNELS.flatMap((channel) =>
  Array.from({ length: pagePeriod(channel) }, (_, page) => {
    const { size } = channel.layout;
    const first = Math.ceil((page * PAGE_SIZE) / size);
    return { channel, first, start: (first * size - page * PAGE_SIZE) / 4 };
  }),
);

/**
 * Whether a page with few nonzero words may belong to a table: each of them lies in an entry that has a key, and no key
 * is far from its home. A page whose few keys were all displaced gives no other sign; the tables found later decide
 * whether it belongs to one.
 */
export function mayBeSparse(words: Uint32Array): boolean {
  const used: number[] = [];
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) used.push(at);
  return used.length > 0 && GRIDS.some((grid) => fits(words, used, grid));
}

function fits(words: Uint32Array, used: readonly number[], { channel, first, start }: Grid): boolean {
  const entryWords = channel.layout.size / 4;
  let known = -1;
  let keys = 0;
  for (const at of used) {
    if (at < start) continue;
    const entry = Math.floor((at - start) / entryWords);
    if (entry === known) continue;
    const keyAt = start + entry * entryWords;
    const key = words[keyAt]!;
    if (key === 0 || !countsSomething(words, keyAt + 1, keyAt + entryWords)) return false;
    if (((first + entry - channel.hash(key)) & 511) > MAX_DISPLACEMENT) return false;
    known = entry;
    keys++;
  }
  return keys > 0;
}

/** Whether an entry has a nonzero counter; true also if its counters lie on the next page. */
function countsSomething(words: Uint32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (at >= words.length || words[at] !== 0) return true;
  return false;
}
