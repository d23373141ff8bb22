/**
 * Where a tag lies follows from its key (ExpInsertPoolTracker of Windows Vista and later):
 *
 *     product = 40543 * key                      64 bits
 *     slot    = (low32 ^ high32 of product) & (N - 1), or the next one that is free
 *
 * so a table proves itself. Worked example: `Pool` (0x6C6F6F50) hashes to 0x040DEDA5; with N = 4096 its home is slot
 * 0xDA5.
 */
const MULTIPLIER = 40543;
const TWO_32 = 2 ** 32;

/** A hash of a key, before masking: an unsigned 32-bit number. */
export type TagHash = (key: number) => number;

/** Windows Vista and later, every architecture. The product stays below 2^48, exact in a double. */
export const hashOfKey: TagHash = (key) => {
  const product = MULTIPLIER * key;
  return ((product % TWO_32) ^ Math.floor(product / TWO_32)) >>> 0;
};

/** Windows XP and Server 2003 without service pack: shifts over the four bytes, lowest first. */
export const hashOfKeyXp: TagHash = (key) => {
  let mixed = key & 0xff;
  mixed = (mixed << 2) ^ ((key >>> 8) & 0xff);
  mixed = (mixed << 2) ^ ((key >>> 16) & 0xff);
  mixed = (mixed << 2) ^ (key >>> 24);
  return (MULTIPLIER * mixed) >>> 2;
};

/** The fewest and most hashed slots that a table has; always a power of two between. */
export const FEWEST_SLOTS = 64;
export const MOST_SLOTS = 65536;

/** Whether N can be the number of hashed slots of a table. */
export function isSlotCount(slots: number): boolean {
  return slots >= FEWEST_SLOTS && slots <= MOST_SLOTS && (slots & (slots - 1)) === 0;
}
