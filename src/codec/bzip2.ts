import { damagedData } from './lz-window.js';

/** Reads the bits of a buffer, the most significant bit of each byte first. */
export class Bzip2Bits {
  /** Position of the next bit, counted from the first byte. */
  position: number;

  constructor(
    private readonly bytes: Uint8Array,
    position: number,
  ) {
    this.position = position;
  }

  /** Whether that many bits are left. */
  has(count: number): boolean {
    return this.position + count <= this.bytes.length * 8;
  }

  /** Takes at most 24 bits. @throws PoolTrackerError FORMAT_DAMAGED at the end of the buffer */
  read(count: number): number {
    const { bytes, position } = this;
    const at = position >>> 3;
    this.position = position + count;
    if (this.position > bytes.length * 8) throw damagedData('they end in the middle of a bzip2 block');
    const word = (bytes[at]! << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return count === 0 ? 0 : (word << (position & 7)) >>> (32 - count);
  }
}

/** Symbols that one selector covers. */
const GROUP = 50;
const MAX_CODE_LENGTH = 20;
const SYMBOLS = 258;

/**
 * A Huffman code in canonical form: `limit[n]` is the first code of n bits that is too large, `base[n]` the index of
 * its symbol.
 */
interface HuffmanCode {
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
  readonly shortest: number;
}

/** A decoded block whose initial run-length coding has not been undone yet. */
export interface Bzip2Block {
  /** A linked list of bytes: the lower 8 bits of an entry are the byte, the upper 24 the index of the next entry. */
  readonly links: Uint32Array;
  readonly length: number;
  readonly first: number;
}

/**
 * Decodes one block (bzip2 1.0.8, decompress.c) up to the inverse of the Burrows-Wheeler transform. By hand: of the
 * packages tried, seek-bzip and @foxglove/wasm-bz2 want the whole file at once and give all of its contents at once, at
 * 0.9 and 1.1 of this speed; unbzip2-stream, at 0.6, decodes all that it is given, whether anyone reads on or not; bz2
 * does not see damage.
 * @param bits behind the block's magic number and CRC
 * @param links room for as many bytes as the level allows
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeBzip2Block(bits: Bzip2Bits, links: Uint32Array): Bzip2Block {
  if (bits.read(1) === 1) throw damagedData('a bzip2 block is randomised, as versions before 0.9.5 made them');
  const origin = bits.read(24);
  const values = readUsedBytes(bits);
  const codeCount = bits.read(3);
  if (codeCount < 2 || codeCount > 6) throw damagedData(`a bzip2 block has ${codeCount} codes; expected 2 to 6`);
  const selectors = readSelectors(bits, codeCount);
  const codes = Array.from({ length: codeCount }, () => readCode(bits, values.length + 2));
  const { length, counts } = readBytes(bits, values, selectors, codes, links);
  if (origin >= length) throw damagedData(`a bzip2 block of ${length} bytes begins at byte ${origin}`);
  linkBytes(links, length, counts);
  return { links, length, first: links[origin]! >>> 8 };
}

/** Which bytes occur: 16 bits for 16 groups, then 16 for each group that has any. */
function readUsedBytes(bits: Bzip2Bits): Uint8Array {
  const groups = bits.read(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group++) {
    if (((groups >> (15 - group)) & 1) === 0) continue;
    const members = bits.read(16);
    for (let low = 0; low < 16; low++) if ((members >> (15 - low)) & 1) used.push(group * 16 + low);
  }
  if (used.length === 0) throw damagedData('a bzip2 block uses no bytes');
  return Uint8Array.from(used);
}

/** Which code each group of 50 symbols uses: move-to-front indices in unary. */
function readSelectors(bits: Bzip2Bits, codeCount: number): Uint8Array {
  const count = bits.read(15);
  if (count === 0) throw damagedData('a bzip2 block has no selectors');
  const recent = Uint8Array.from({ length: codeCount }, (_, index) => index);
  const selectors = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= codeCount) throw damagedData('a bzip2 selector is out of range');
    const selector = recent[place]!;
    recent.copyWithin(1, 0, place);
    recent[0] = selector;
    selectors[index] = selector;
  }
  return selectors;
}

function readCode(bits: Bzip2Bits, symbolCount: number): HuffmanCode {
  const lengths = new Uint8Array(symbolCount);
  const counts = new Int32Array(MAX_CODE_LENGTH + 2);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    while (bits.read(1) === 1) length += bits.read(1) === 0 ? 1 : -1;
    if (length < 1 || length > MAX_CODE_LENGTH)
      throw damagedData(`a bzip2 code has ${length} bits; expected 1 to ${MAX_CODE_LENGTH}`);
    lengths[symbol] = length;
    counts[length]!++;
  }
  const limit = new Int32Array(MAX_CODE_LENGTH + 1);
  const base = new Int32Array(MAX_CODE_LENGTH + 1);
  const symbols = new Uint16Array(symbolCount);
  let code = 0;
  let place = 0;
  for (let size = 1; size <= MAX_CODE_LENGTH; size++) {
    base[size] = place - code;
    for (let symbol = 0; symbol < symbolCount; symbol++) if (lengths[symbol] === size) symbols[place++] = symbol;
    code += counts[size]!;
    limit[size] = code;
    code <<= 1;
  }
  return { limit, base, symbols, shortest: counts.findIndex((count) => count > 0) };
}

/** The symbols: runs of the byte at the front, in bijective base 2, and indices of bytes to move to the front. */
function readBytes(
  bits: Bzip2Bits,
  values: Uint8Array,
  selectors: Uint8Array,
  codes: readonly HuffmanCode[],
  links: Uint32Array,
): { length: number; counts: Int32Array } {
  const recent = Uint8Array.from(values);
  const counts = new Int32Array(SYMBOLS);
  const end = values.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let group = 0; ; group++) {
    if (group === selectors.length) throw damagedData('a bzip2 block has more symbols than selectors');
    const { limit, base, symbols, shortest } = codes[selectors[group]!]!;
    for (let left = GROUP; left > 0; left--) {
      let size = shortest;
      let code = bits.read(size);
      while (code >= limit[size]!) {
        if (++size > MAX_CODE_LENGTH) throw damagedData('a bzip2 code is in no table');
        code = (code << 1) | bits.read(1);
      }
      const symbol = symbols[code + base[size]!]!;
      if (symbol <= 1) {
        run += weight << symbol;
        weight <<= 1;
        if (run > links.length) throw damagedData('a bzip2 run is longer than its block may be');
        continue;
      }
      if (run > 0) {
        if (length + run > links.length) throw damagedData(`a bzip2 block has more than ${links.length} bytes`);
        links.fill(recent[0]!, length, length + run);
        counts[recent[0]!]! += run;
        length += run;
        run = 0;
        weight = 1;
      }
      if (symbol === end) return { length, counts };
      if (length >= links.length) throw damagedData(`a bzip2 block has more than ${links.length} bytes`);
      const value = recent[symbol - 1]!;
      recent.copyWithin(1, 0, symbol - 1);
      recent[0] = value;
      counts[value]!++;
      links[length++] = value;
    }
  }
}

/** Inverts the transform: stores in the upper 24 bits of each entry the index of the one that follows it. */
function linkBytes(links: Uint32Array, length: number, counts: Int32Array): void {
  const next = new Int32Array(256);
  for (let value = 0, sum = 0; value < 256; value++) {
    next[value] = sum;
    sum += counts[value]!;
  }
  for (let at = 0; at < length; at++) {
    const place = next[links[at]! & 0xff]!++;
    links[place] = links[place]! | (at << 8);
  }
}
