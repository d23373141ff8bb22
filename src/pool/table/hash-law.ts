/**
 * Where a tag lies follows from its key (ExpInsertPoolTracker of Windows Vista and later):
 *
 *     product = 40543 * key                      64 bits
 *     slot    = (low32 ^ high32 of product) & (N - 1), or the next one that is free
 *
 * so a table can be verified from its own contents. Worked example: `Pool` (0x6C6F6F50) hashes to 0x040DEDA5; with N =
 * 4096 its home is slot 0xDA5.
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

/** Minimum and maximum number of hashed slots in a table; the number is always a power of two. */
export const MIN_SLOTS = 64;
export const MAX_SLOTS = 65536;

/** Whether N can be the number of hashed slots of a table. */
export function isSlotCount(slots: number): boolean {
  return slots >= MIN_SLOTS && slots <= MAX_SLOTS && (slots & (slots - 1)) === 0;
}

/** How well the keys of a table obey the hash law. */
export interface LawProof {
  /** Keys that were judged: all but that of the overflow slot. */
  readonly keys: number;
  /** Keys exactly at their home slot. */
  readonly atHome: number;
  /** Keys at home, or in the run of occupied slots that starts there. */
  readonly lawful: number;
}

/** Keys by slot: 0 for a free slot; `UNKNOWN` (a number that is no uint32) for one whose page is missing. */
export type SlotKeys = ArrayLike<number>;
export const UNKNOWN = -1;

/**
 * Judges keys by slot. A slot whose page is missing counts as occupied: it cannot make a key unlawful.
 * @param keys of slots 0 to N - 1; what follows them is ignored
 */
export function judge(keys: SlotKeys, slots: number, hash: TagHash = hashOfKey): LawProof {
  const mask = slots - 1;
  const runStart = runStarts(keys, slots);
  let total = 0;
  let atHome = 0;
  let lawful = 0;
  for (let slot = 0; slot < slots; slot++) {
    const key = keys[slot]!;
    if (key === 0 || key === UNKNOWN) continue;
    total++;
    const displacement = (slot - hash(key)) & mask;
    if (displacement === 0) atHome++;
    if (displacement <= runStart[slot]!) lawful++;
  }
  return { keys: total, atHome, lawful };
}

/** For each slot, how many occupied slots directly precede it, wrapping around the end of the table. */
function runStarts(keys: SlotKeys, slots: number): Int32Array {
  const before = new Int32Array(slots);
  let run = 0;
  for (let slot = slots - 1; slot >= 0 && keys[slot] !== 0; slot--) run++;
  for (let slot = 0; slot < slots; slot++) {
    before[slot] = Math.min(run, slots - 1);
    run = keys[slot] === 0 ? 0 : run + 1;
  }
  return before;
}

/** The share of keys that obey the law; 0 when there are no keys. */
export function lawfulShare(proof: LawProof): number {
  return proof.keys === 0 ? 0 : proof.lawful / proof.keys;
}

/** `1203 of 2600 keys at home, 2599 lawful`: for messages. */
export function describeProof(proof: LawProof): string {
  return `${proof.lawful} of ${proof.keys} keys obey the hash law, ${proof.atHome} of them at their home slot`;
}
