/** How pages of the expansion table are told at a first look: it is not hashed, so only the shape of its entries tells. */
export interface ExpansionLayout {
  /** Bytes of an entry. */
  readonly size: number;
  /** What the offset of a page's first entry is a multiple of. */
  readonly step: 8 | 16 | 64;
  /** Offsets of words that are 0 in nearly every entry: padding, and the upper halves of counters. */
  readonly zeros: readonly [number, number, number];
}

/**
 * The table is one for all processors, so its counters do not go below zero. The 28-byte layout has neither padding nor
 * wide counters: it looks like anything, and its expansion table is not found.
 */
export const EXPANSION_LAYOUTS: readonly ExpansionLayout[] = [
  { size: 80, step: 16, zeros: [4, 20, 28] },
  { size: 56, step: 8, zeros: [4, 20, 28] },
  { size: 40, step: 8, zeros: [12, 20, 36] },
  { size: 64, step: 64, zeros: [12, 20, 28] },
  { size: 48, step: 16, zeros: [12, 20, 28] },
];

/** Entries that a first look goes by. */
const LOOKED_AT = 3;

/** Whether the first entries from a word on look like those of an expansion table. */
export function looksExpanded(words: Uint32Array, at: number, { size, zeros: [a, b, c] }: ExpansionLayout): boolean {
  for (let entry = 0; entry < LOOKED_AT; entry++) {
    const first = at + (entry * size) / 4;
    if (words[first] === 0 || words[first + a / 4] !== 0 || words[first + b / 4] !== 0 || words[first + c / 4] !== 0) return false;
  }
  return true;
}
