import { hashOfKey, type TagHash } from '../hash-law.js';

/** How well the keys of a table obey the hash law. */
export interface LawProof {
  /** Keys judged: all but the overflow slot's. */
  readonly keys: number;
  /** Keys exactly at their home slot. */
  readonly atHome: number;
  /** Keys at home, or in the run of occupied slots that starts there. */
  readonly lawful: number;
}

/** Keys by slot: 0 for a free slot; `UNKNOWN` (a number that is no uint32) for one whose page is missing. */
export type SlotKeys = ArrayLike<number>;
export const UNKNOWN = -1;

/** Fewer keys than this prove nothing: the kernel itself seeds about 64. */
const FEWEST_KEYS = 24;
/** By chance a key lies at home once in N; a full table still has a third of its keys there. */
const LEAST_AT_HOME = 0.3;
const LEAST_LAWFUL = 0.9;

/**
 * Judges keys by slot. A slot whose page is missing counts as occupied: it can make no key unlawful.
 * @param keys slots 0 to N - 1, and whatever follows is not looked at
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

/** For each slot, how many occupied slots stand right before it, around the end of the table. */
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

/** The share of keys that obey; 0 for none. */
export function lawfulShare(proof: LawProof): number {
  return proof.keys === 0 ? 0 : proof.lawful / proof.keys;
}

/** Whether the keys can only be those of a tracker table. */
export function isProved(proof: LawProof): boolean {
  return proof.keys >= FEWEST_KEYS && proof.atHome >= proof.keys * LEAST_AT_HOME && lawfulShare(proof) >= LEAST_LAWFUL;
}

/** `1203 of 2600 keys at home, 2599 lawful`: for messages. */
export function describeProof(proof: LawProof): string {
  return `${proof.lawful} of ${proof.keys} keys obey the hash law, ${proof.atHome} of them at their home slot`;
}
