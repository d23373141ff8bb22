/** An entry of a table of big pages, as far as its place depends on it. */
export interface PlacedEntry {
  readonly slot: number;
  /** Of the allocation: a multiple of a page. */
  readonly address: bigint;
}

/** What an address is hashed to, before it is cut to the size of the table. */
export type BigPageHash = (address: bigint) => number;

const PAGE_SHIFT = 12n;
const MULTIPLIER = 40543n;

function multiplied(page: bigint): number {
  const product = BigInt.asUintN(64, page * MULTIPLIER);
  return Number((product ^ (product >> 32n)) & 0xffffffffn);
}

/**
 * The laws by which Windows places entries: by the page's number multiplied, since 26100 whole and before cut to 32 bits;
 * up to 19041, as in ReactOS, by its bytes folded together.
 */
export const BIG_PAGE_HASHES: readonly BigPageHash[] = [
  (address) => multiplied(address >> PAGE_SHIFT),
  (address) => multiplied((address >> PAGE_SHIFT) & 0xffffffffn),
  (address) => {
    const page = Number((address >> PAGE_SHIFT) & 0xffffffffn);
    return (page ^ (page >>> 8) ^ (page >>> 16) ^ (page >>> 24)) >>> 0;
  },
];

/** Fewer entries prove nothing. */
const MIN_ENTRIES = 16;
/** Entries may be half written where a live machine was captured: one in so many may be out of place. */
const TORN = 64;
/** At least one entry in so many stands in its home slot, even in a table that is nearly full. */
const AT_HOME = 4;

/**
 * Whether entries lie where a law puts them: each in its home slot, or behind it with no slot between that was never used.
 * @param slots a power of two
 * @param isUsed whether a slot was ever used, or cannot be read
 */
export function obeys(
  entries: readonly PlacedEntry[],
  slots: number,
  isUsed: (slot: number) => boolean,
  hash: BigPageHash,
): boolean {
  if (entries.length < MIN_ENTRIES) return false;
  let [unlawful, atHome] = [0, 0];
  const most = Math.floor(entries.length / TORN);
  for (const { slot, address } of entries) {
    const home = hash(address) & (slots - 1);
    if (home === slot) atHome++;
    let at = home;
    while (at !== slot && isUsed(at)) at = (at + 1) & (slots - 1);
    if (at !== slot && ++unlawful > most) return false;
  }
  return atHome * AT_HOME >= entries.length;
}
