import { type HuffmanCode, huffmanCode, longCode, MAX_CODE_LENGTH, ROOT } from './huffman-code.js';
import { damagedData } from './lz-window.js';

/** Matches reach as far back. */
const WINDOW = 1 << 16;
/** Output is gathered to pieces of about this size. */
const PIECE = 1 << 18;
/** Length code 285: 3 and 16 more bits. */
const MAX_MATCH = 3 + 0xffff;

/** No header of a block takes more bytes, and no symbol: with as many at hand nothing is read in halves. */
export const DEFLATE64_MARGIN = 640;

const END_OF_BLOCK = 256;
const MAX_LENGTH_CODE = 285;
/** Up to as many bytes are copied faster one by one than by a call. */
const SHORT = 32;

/** Of length codes 257 to 285 (APPNOTE.TXT 4.4.5, method 9; RFC 1951, 3.2.5 for all but the last). */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 16];
const LENGTH_BASES = LENGTH_BITS.map((bits, code) => (bits === 16 ? 3 : 3 + sumOfSpans(LENGTH_BITS, code)));
/** Of distance codes 0 to 31; deflate has the first 30 of them. */
const DISTANCE_BITS = Array.from({ length: 32 }, (_, code) => Math.max(0, (code >> 1) - 1));
const DISTANCE_BASES = DISTANCE_BITS.map((_, code) => 1 + sumOfSpans(DISTANCE_BITS, code));

/** The order in which the lengths of the code of code lengths come. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function sumOfSpans(bits: readonly number[], count: number): number {
  return bits.slice(0, count).reduce((sum, extra) => sum + 2 ** extra, 0);
}

const FIXED_LENGTHS = Uint8Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);

type Codes = readonly [literals: HuffmanCode, distances: HuffmanCode];

/**
 * Decodes Deflate64, what Windows Explorer puts into zip files above 2 GB: deflate with a window of 64 KiB. By hand:
 * Node's zlib has it not, and what npm has is part of a whole reader of archives.
 */
export class Deflate64 {
  /** Whether the last block has ended. */
  done = false;
  private input: Uint8Array = new Uint8Array(0);
  private at = 0;
  private hold = 0;
  private bits = 0;
  private readonly out = new Uint8Array(WINDOW + PIECE + MAX_MATCH);
  private length = 0;
  private given = 0;
  private isLast = false;
  /** What the block at hand is: stored, and how many bytes are left; compressed, and by which codes; null between two. */
  private stored = 0;
  private codes: Codes | null = null;
  private fixed: Codes | undefined;

  /**
   * Decodes up to a piece of output, and no further than DEFLATE64_MARGIN bytes before the end of `input`.
   * @returns bytes of `input` that are used up
   * @throws PoolTrackerError FORMAT_DAMAGED
   */
  decode(input: Uint8Array): number {
    this.input = input;
    this.at = 0;
    const end = input.length - DEFLATE64_MARGIN;
    while (!this.done && this.at <= end && this.length < WINDOW + PIECE) {
      if (this.stored > 0) this.copyStored(end);
      else if (this.codes !== null) this.decodeBlock(this.codes, end);
      else if (this.isLast) this.done = true;
      else this.beginBlock();
    }
    this.giveBackBytes();
    return this.at;
  }

  /** What was decoded since it was last asked for. */
  take(): Buffer {
    const piece = Buffer.from(this.out.subarray(this.given, this.length));
    if (this.length > WINDOW) {
      this.out.copyWithin(0, this.length - WINDOW, this.length);
      this.length = WINDOW;
    }
    this.given = this.length;
    return piece;
  }

  /** Whole bytes that were read ahead go back to the input. */
  private giveBackBytes(): void {
    this.at -= this.bits >> 3;
    this.bits &= 7;
    this.hold &= (1 << this.bits) - 1;
  }

  /** At most 16 bits. */
  private read(count: number): number {
    while (this.bits < count) {
      this.hold |= this.input[this.at++]! << this.bits;
      this.bits += 8;
    }
    const value = this.hold & ((1 << count) - 1);
    this.hold >>>= count;
    this.bits -= count;
    return value;
  }

  private beginBlock(): void {
    this.isLast = this.read(1) === 1;
    const type = this.read(2);
    if (type === 3) throw damagedData('a block of Deflate64 is of type 3; expected 0 to 2');
    if (type === 2) this.codes = this.readCodes();
    if (type === 1)
      this.codes = this.fixed ??= [huffmanCode(FIXED_LENGTHS, false), huffmanCode(new Uint8Array(32).fill(5), false)];
    if (type !== 0) return;
    // Behind the bits to the next byte, which mean nothing.
    this.giveBackBytes();
    this.read(this.bits);
    const [length, inverse] = [this.read(16), this.read(16)];
    if (length !== (inverse ^ 0xffff)) throw damagedData('the length of a stored block and its inverse do not agree');
    this.stored = length;
  }

  private readCodes(): Codes {
    const literals = this.read(5) + 257;
    const distances = this.read(5) + 1;
    const ofLengths = new Uint8Array(19);
    for (let count = this.read(4) + 4, index = 0; index < count; index++)
      ofLengths[LENGTH_ORDER[index]!] = this.read(3);
    if (literals > 286)
      throw damagedData(`a block has ${literals} codes of literals and lengths; expected at most 286`);
    const code = huffmanCode(ofLengths, false);
    const lengths = new Uint8Array(literals + distances);
    for (let at = 0; at < lengths.length;) {
      const symbol = this.readSymbol(code);
      if (symbol < 16) {
        lengths[at++] = symbol;
        continue;
      }
      if (symbol === 16 && at === 0)
        throw damagedData('a length of a code repeats the one before it, which is not there');
      const value = symbol === 16 ? lengths[at - 1]! : 0;
      const count = symbol === 16 ? 3 + this.read(2) : symbol === 17 ? 3 + this.read(3) : 11 + this.read(7);
      if (at + count > lengths.length) throw damagedData('lengths of codes are repeated beyond their end');
      lengths.fill(value, at, (at += count));
    }
    if (lengths[END_OF_BLOCK] === 0) throw damagedData('a block has no code for its end');
    return [huffmanCode(lengths.subarray(0, literals), false), huffmanCode(lengths.subarray(literals), true)];
  }

  private readSymbol(code: HuffmanCode): number {
    while (this.bits < MAX_CODE_LENGTH) {
      this.hold |= this.input[this.at++]! << this.bits;
      this.bits += 8;
    }
    const entry = code.table[this.hold & ((1 << ROOT) - 1)]! || longCode(code, this.hold);
    this.hold >>>= entry & 15;
    this.bits -= entry & 15;
    return entry >> 4;
  }

  private copyStored(end: number): void {
    // Up to the margin and a byte: so that every call gets on.
    const count = Math.min(this.stored, end - this.at + 1, WINDOW + PIECE - this.length);
    this.out.set(this.input.subarray(this.at, this.at + count), this.length);
    this.at += count;
    this.length += count;
    this.stored -= count;
  }

  private decodeBlock([literals, distances]: Codes, end: number): void {
    const { input, out } = this;
    const { table } = literals;
    const { table: distanceTable } = distances;
    const mask = (1 << ROOT) - 1;
    let { at, hold, bits, length: to } = this;
    while (at <= end && to < WINDOW + PIECE) {
      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      let entry = table[hold & mask]! || longCode(literals, hold);
      hold >>>= entry & 15;
      bits -= entry & 15;
      entry >>= 4;
      if (entry < END_OF_BLOCK) {
        out[to++] = entry;
        continue;
      }
      if (entry === END_OF_BLOCK) {
        this.codes = null;
        break;
      }
      if (entry > MAX_LENGTH_CODE)
        throw damagedData(`a length has the code ${entry}; expected at most ${MAX_LENGTH_CODE}`);
      const lengthBits = LENGTH_BITS[entry - 257]!;
      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      const count = LENGTH_BASES[entry - 257]! + (hold & ((1 << lengthBits) - 1));
      hold >>>= lengthBits;
      bits -= lengthBits;
      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      entry = distanceTable[hold & mask]! || longCode(distances, hold);
      hold >>>= entry & 15;
      bits -= entry & 15;
      entry >>= 4;
      const distanceBits = DISTANCE_BITS[entry]!;
      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      const distance = DISTANCE_BASES[entry]! + (hold & ((1 << distanceBits) - 1));
      hold >>>= distanceBits;
      bits -= distanceBits;
      if (distance > to) throw damagedData(`a match reaches ${distance} bytes back, where ${to} are`);
      if (count <= SHORT) for (let from = to - distance, last = to + count; to < last;) out[to++] = out[from++]!;
      else to = copyMatch(out, to, distance, count);
    }
    this.at = at;
    this.hold = hold;
    this.bits = bits;
    this.length = to;
  }
}

/** Repeats `count` bytes from `distance` back, by calls that double what there is. @returns the end of them */
function copyMatch(out: Uint8Array, to: number, distance: number, count: number): number {
  const last = to + count;
  if (distance === 1) out.fill(out[to - 1]!, to, last);
  else
    for (let at = to, span = distance; at < last; span *= 2) {
      out.copyWithin(at, to - distance, to - distance + Math.min(span, last - at));
      at += Math.min(span, last - at);
    }
  return last;
}
