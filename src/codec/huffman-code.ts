import { damagedData } from './lz-window.js';

export const MAX_CODE_LENGTH = 15;
/** Codes of up to as many bits are looked up at once, the few that are longer are found bit by bit. */
export const ROOT = 10;

/** A Huffman code in canonical form, and a table for its short codes. */
export interface HuffmanCode {
  /** By the next ROOT bits: symbol << 4 | length; 0 for a longer code or none. */
  readonly table: Uint16Array;
  /** How many codes there are of each length. */
  readonly counts: Uint16Array;
  /** In the order of their codes. */
  readonly symbols: Uint16Array;
}

/**
 * The code of symbols by the lengths of theirs (RFC 1951, 3.2.2); 0 for one that is not used.
 * @param mayBeIncomplete whether a single bit, or nothing, may be all of it
 * @throws PoolTrackerError FORMAT_DAMAGED for lengths that make no code
 */
export function huffmanCode(lengths: Uint8Array, mayBeIncomplete: boolean): HuffmanCode {
  const counts = new Uint16Array(MAX_CODE_LENGTH + 1);
  for (const length of lengths) counts[length]!++;
  const used = lengths.length - counts[0]!;
  const starts = new Uint16Array(MAX_CODE_LENGTH + 2);
  const codes = new Uint16Array(MAX_CODE_LENGTH + 2);
  let left = 1;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    left = left * 2 - counts[length]!;
    if (left < 0) throw damagedData('a Huffman code of them has more codes than there is room for');
    starts[length + 1] = starts[length]! + counts[length]!;
    codes[length + 1] = (codes[length]! + counts[length]!) << 1;
  }
  // As in deflate, the code of distances may consist of a single bit, or of nothing.
  if (left > 0 && !(mayBeIncomplete && used <= counts[1]!)) throw damagedData('a Huffman code of them is incomplete');
  const symbols = new Uint16Array(used);
  const table = new Uint16Array(1 << ROOT);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    symbols[starts[length]!++] = symbol;
    const code = codes[length]!++;
    if (length > ROOT) continue;
    const entry = (symbol << 4) | length;
    for (let at = reversed(code, length); at < table.length; at += 1 << length) table[at] = entry;
  }
  return { table, counts, symbols };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}

/** A code longer than ROOT, as symbol << 4 | length. @param bits at least MAX_CODE_LENGTH of them, the first lowest */
export function longCode({ counts, symbols }: HuffmanCode, bits: number): number {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    code |= (bits >>> (length - 1)) & 1;
    const count = counts[length]!;
    if (code - count < first) return (symbols[index + code - first]! << 4) | length;
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  throw damagedData('a Huffman code is in no table');
}
