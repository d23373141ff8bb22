/** What an address is hashed to, before it is cut to the size of the table. */
type BigPageHash = (address: bigint) => number;

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
const HASHES: readonly BigPageHash[] = [
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

/** A table as far as its law needs it. */
export interface PlacedEntries {
  /** By slot the address of its allocation, a multiple of a page; 0 where there is none, or it cannot be read. */
  readonly addresses: BigUint64Array;
  /** By slot 1 where it was ever used, or cannot be read. */
  readonly used: Uint8Array;
}

/** By slot how many slots before it, without one that was never used between: as far away its home may be. */
function reachOf(used: Uint8Array): Uint32Array {
  const slots = used.length;
  const reach = new Uint32Array(slots);
  // Twice around: a run may go over the end.
  for (let step = 1; step < 2 * slots; step++) {
    const before = (step - 1) & (slots - 1);
    reach[step & (slots - 1)] = used[before] === 0 ? 0 : Math.min(slots - 1, reach[before]! + 1);
  }
  return reach;
}

/**
 * Whether entries lie where one of the laws puts them: each in its home slot, or behind it with no slot between that was
 * never used. The number of slots is a power of two. Takes a time that grows with it alone, whatever they hold.
 */
export function obeysLaw({ addresses, used }: PlacedEntries): boolean {
  const slots = addresses.length;
  const reach = reachOf(used);
  const entries = addresses.reduce((count, address) => (address === 0n ? count : count + 1), 0);
  if (entries < MIN_ENTRIES) return false;
  return HASHES.some((hash) => {
    let [unlawful, atHome] = [0, 0];
    for (let slot = 0; slot < slots; slot++) {
      if (addresses[slot] === 0n) continue;
      const distance = (slot - hash(addresses[slot]!)) & (slots - 1);
      if (distance === 0) atHome++;
      else if (distance > reach[slot]! && ++unlawful > entries / TORN) return false;
    }
    return atHome * AT_HOME >= entries;
  });
}
