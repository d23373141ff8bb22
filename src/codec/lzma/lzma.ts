import { damagedData } from '../lz-window.js';
import { HALF, RangeDecoder, SIGN } from './range-decoder.js';

/** No symbol takes more bytes: with as many at hand none is read in halves. */
export const LZMA_MARGIN = 24;
/** Bytes that begin a range coder. */
export const LZMA_START = 5;
/** Output is gathered to pieces of about this size. */
const PIECE = 1 << 18;
const MAX_MATCH = 273;
/** The window is moved to the front of the buffer when as many bytes came behind it, and grows from this size. */
const MIN_ROOM = 1 << 20;

/** Where the kinds of probabilities begin in the one array of them (lzma-specification.txt). */
const IS_MATCH = 0;
const IS_REP = IS_MATCH + (12 << 4);
const IS_REP_0 = IS_REP + 12;
const IS_REP_1 = IS_REP_0 + 12;
const IS_REP_2 = IS_REP_1 + 12;
const IS_REP_0_LONG = IS_REP_2 + 12;
const SLOTS = IS_REP_0_LONG + (12 << 4);
const FAR = SLOTS + (4 << 6);
const ALIGN = FAR + 128;
const LENGTHS = ALIGN + 16;
/** Two choices, then trees of 3, 3 and 8 bits; the first two for each position. */
const LENGTHS_SIZE = 2 + (16 << 3) * 2 + 256;
const LITERALS = LENGTHS + 2 * LENGTHS_SIZE;
const LITERAL_SIZE = 0x300;

/**
 * Decodes LZMA, by itself or in the chunks of LZMA2. By hand: xz-decompress reads xz files alone, and neither SHA-256 nor
 * filters; node-liblzma and lzma-native are addons; lzma and lzma-purejs decode a whole file at once.
 */
export class Lzma extends RangeDecoder {
  /** Whether the marker that ends a stream was met. */
  ended = false;
  /** How literals and positions are told apart. */
  private properties = { literalContext: 0, literalPosition: 0, position: 0 };
  private state = 0;
  /** Of the last four matches, less 1. */
  private readonly distances = new Uint32Array(4);
  private out: Buffer;
  private length = 0;
  private given = 0;
  /** Bytes that matches can reach: of all that came since the dictionary was reset. */
  private reach = 0;
  /** How many bytes came before, for positions and literals. */
  private count = 0;

  /** @param dictionary size in bytes; matches reach no further back */
  constructor(private readonly dictionary: number) {
    super();
    this.out = Buffer.allocUnsafe(Math.min(dictionary, MIN_ROOM) + PIECE + MIN_ROOM);
  }

  /** Whether the range coder is at its end, as behind the last symbol of a chunk. */
  get isFlushed(): boolean {
    return this.code === 0;
  }

  /** What was decoded since it was last asked for. */
  take(): Buffer {
    const piece = Buffer.from(this.out.subarray(this.given, this.length));
    this.given = this.length;
    return piece;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED for a byte that means nothing */
  setProperties(byte: number): void {
    if (byte >= 9 * 5 * 5) throw damagedData(`the properties of LZMA are ${byte}; expected less than 225`);
    this.properties = {
      literalContext: byte % 9,
      literalPosition: Math.floor(byte / 9) % 5,
      position: Math.floor(byte / 45),
    };
    const { literalContext, literalPosition } = this.properties;
    this.probabilities = new Uint16Array(LITERALS + (LITERAL_SIZE << (literalContext + literalPosition)));
    this.resetState();
  }

  resetState(): void {
    this.probabilities.fill(HALF);
    this.state = 0;
    this.distances.fill(0);
  }

  resetDictionary(): void {
    this.reach = 0;
    this.count = 0;
  }

  /** @param start LZMA_START bytes @throws PoolTrackerError FORMAT_DAMAGED */
  beginRange(start: Uint8Array): void {
    if (start[0] !== 0) throw damagedData('the range coder of LZMA does not begin with 0');
    this.range = -1;
    this.code = (start[1]! << 24) | (start[2]! << 16) | (start[3]! << 8) | start[4]!;
  }

  /** Bytes as they are, of an uncompressed chunk. */
  store(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const part = bytes.subarray(at, at + PIECE);
      this.makeRoom();
      this.out.set(part, this.length);
      this.advance(part.length);
    }
  }

  /**
   * Decodes up to a piece of output, but no further than `end` in `input`, and no more than `limit` bytes.
   * @param at where the next symbol begins
   * @param end LZMA_MARGIN bytes before the end of `input`, but in a chunk that is there to its end
   * @returns where the symbol begins that comes next
   * @throws PoolTrackerError FORMAT_DAMAGED
   */
  decode(input: Uint8Array, at: number, end: number, limit: number): number {
    this.input = input;
    this.at = at;
    this.makeRoom();
    const from = this.length;
    const most = Math.min(limit, PIECE);
    while (this.length - from < most && this.at <= end && !this.ended) this.symbol(limit - (this.length - from));
    return this.at;
  }

  private advance(count: number): void {
    this.length += count;
    this.count += count;
    this.reach = Math.min(this.reach + count, this.dictionary);
  }

  /** Room for a piece: in a larger buffer up to the dictionary's size, or by letting go of what no match reaches. */
  private makeRoom(): void {
    const need = PIECE + MAX_MATCH;
    if (this.length + need <= this.out.length) return;
    const kept = Math.min(this.length, this.dictionary);
    const size = kept + need + Math.max(MIN_ROOM, kept);
    const most = this.dictionary + need + Math.max(MIN_ROOM, this.dictionary >> 1);
    const target = this.out.length < Math.min(size, most) ? Buffer.allocUnsafe(Math.min(size, most)) : this.out;
    this.out.copy(target, 0, this.length - kept, this.length);
    this.out = target;
    this.given -= this.length - kept;
    this.length = kept;
  }

  private symbol(left: number): void {
    const { state } = this;
    const position = this.count & ((1 << this.properties.position) - 1);
    if (this.bit(IS_MATCH + (state << 4) + position) === 0) {
      this.literal();
      this.state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      return;
    }
    if (this.bit(IS_REP + state) === 0) return this.match(position, left);
    const { distances } = this;
    if (this.bit(IS_REP_0 + state) === 0) {
      if (this.bit(IS_REP_0_LONG + (state << 4) + position) === 0) {
        this.state = state < 7 ? 9 : 11;
        return this.repeat(distances[0]!, 1, left);
      }
    } else {
      // The one that is used comes to the front.
      const which = this.bit(IS_REP_1 + state) === 0 ? 1 : 2 + this.bit(IS_REP_2 + state);
      const distance = distances[which]!;
      distances.copyWithin(1, 0, which);
      distances[0] = distance;
    }
    const length = this.matchLength(LENGTHS + LENGTHS_SIZE, position);
    this.state = state < 7 ? 8 : 11;
    this.repeat(distances[0]!, length, left);
  }

  private match(position: number, left: number): void {
    const length = this.matchLength(LENGTHS, position);
    const slot = this.tree(SLOTS + (Math.min(length - 2, 3) << 6), 6);
    const distance = slot < 4 ? slot : this.distance(slot);
    if (distance === 2 ** 32 - 1) {
      this.ended = true;
      return;
    }
    this.distances.copyWithin(1, 0, 3);
    this.distances[0] = distance;
    this.state = this.state < 7 ? 7 : 10;
    this.repeat(distance, length, left);
  }

  private distance(slot: number): number {
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + this.reverseTree(FAR + base - slot, bits);
    let high = 0;
    for (let left = bits - 4; left > 0; left--) high = high * 2 + this.plainBit();
    return base + high * 16 + this.reverseTree(ALIGN, 4);
  }

  private repeat(distance: number, length: number, left: number): void {
    if (distance >= this.reach)
      throw damagedData(`a match reaches ${distance + 1} bytes back, where ${this.reach} are`);
    if (length > left) throw damagedData(`a match has ${length} bytes, where ${left} are left`);
    const { out, length: to } = this;
    for (let at = to, from = to - distance - 1, end = to + length; at < end;) out[at++] = out[from++]!;
    this.advance(length);
  }

  private matchLength(base: number, position: number): number {
    if (this.bit(base) === 0) return 2 + this.tree(base + 2 + (position << 3), 3);
    if (this.bit(base + 1) === 0) return 10 + this.tree(base + 2 + (16 << 3) + (position << 3), 3);
    return 18 + this.tree(base + 2 + (32 << 3), 8);
  }

  private literal(): void {
    const { out, length, state, probabilities, input } = this;
    const { literalContext, literalPosition } = this.properties;
    const previous = this.reach > 0 ? out[length - 1]! : 0;
    const context =
      ((this.count & ((1 << literalPosition) - 1)) << literalContext) + (previous >> (8 - literalContext));
    const base = LITERALS + LITERAL_SIZE * context;
    // Behind a match, the byte that would have followed it is a hint, up to where the literal differs from it.
    let hint = 0;
    let offset = 0;
    if (state >= 7) {
      if (this.distances[0]! >= this.reach) throw damagedData('a literal follows a match out of the dictionary');
      hint = out[length - this.distances[0]! - 1]!;
      offset = 0x100;
    }
    let { range, code, at } = this;
    let symbol = 1;
    while (symbol < 0x100) {
      hint <<= 1;
      const hinted = hint & offset;
      const index = base + offset + hinted + symbol;
      const probability = probabilities[index]!;
      const bound = Math.imul(range >>> 11, probability);
      if ((code ^ SIGN) < (bound ^ SIGN)) {
        range = bound;
        probabilities[index] = probability + ((2048 - probability) >> 5);
        symbol <<= 1;
        offset &= ~hinted;
      } else {
        range = (range - bound) | 0;
        code = (code - bound) | 0;
        probabilities[index] = probability - (probability >> 5);
        symbol = (symbol << 1) | 1;
        offset &= hinted;
      }
      if ((range & 0xff000000) === 0) {
        range <<= 8;
        code = (code << 8) | input[at++]!;
      }
    }
    this.range = range;
    this.code = code;
    this.at = at;
    out[length] = symbol & 0xff;
    this.advance(1);
  }
}
