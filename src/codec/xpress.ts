import { damagedData, LzInput, LzOutput } from './lz-window.js';

// Both kinds by hand: npm was searched for Xpress, LZXPRESS and MS-XCA, and no package was found to try.

const SYMBOLS = 512;
const MAX_CODE_LENGTH = 15;

/** The codes change after every 64 KiB of output. */
const BLOCK = 0x10000;

/**
 * Decodes Xpress with Huffman codes ([MS-XCA] 2.2) until the output has `size` bytes.
 * @throws PoolTrackerError FORMAT_DAMAGED also when fewer come out
 */
export function decodeXpressHuffman(data: Uint8Array, size: number): Buffer {
  const input = new LzInput(data);
  const output = new LzOutput(size);
  while (!output.full) decodeBlock(input, output, Math.min(size, output.length + BLOCK));
  return output.result();
}

function decodeBlock(input: LzInput, output: LzOutput, end: number): void {
  const codes = decodingTable(input.take(SYMBOLS / 2));
  const bits = new BitReader(input);
  while (output.length < end) {
    const entry = codes[bits.peek(MAX_CODE_LENGTH)]!;
    if (entry === 0) throw damagedData('an Xpress Huffman code is not in its table');
    bits.skip(entry & 15);
    const symbol = entry >> 4;
    if (symbol < 256) {
      output.literal(symbol);
      continue;
    }
    const length = huffmanMatchLength(symbol & 15, input);
    const distanceBits = (symbol - 256) >> 4;
    const distance = (1 << distanceBits) + bits.peek(distanceBits);
    bits.skip(distanceBits);
    output.match(distance, length);
  }
}

/**
 * For each 15 bits that may come next: the symbol, times 16, and its code's length; 0 for none.
 * Codes are canonical: shorter ones first, and by symbol among equals.
 */
function decodingTable(lengths: Uint8Array): Uint16Array {
  const table = new Uint16Array(1 << MAX_CODE_LENGTH);
  let next = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      if (((lengths[symbol >> 1]! >> ((symbol & 1) * 4)) & 15) !== length) continue;
      const span = 1 << (MAX_CODE_LENGTH - length);
      if (next + span > table.length)
        throw damagedData('an Xpress Huffman table has more codes than its lengths allow');
      table.fill((symbol << 4) | length, next, next + span);
      next += span;
    }
  }
  return table;
}

function huffmanMatchLength(low: number, input: LzInput): number {
  if (low < 15) return low + 3;
  const byte = input.u8();
  if (byte < 255) return byte + 18;
  const length = input.u16() || input.u32();
  if (length < 15) throw damagedData(`an Xpress match of length ${length} is written as a long one`);
  return length + 3;
}

/** Bits from the top of 16-bit words, read two words ahead; bytes of long lengths lie between the words. */
class BitReader {
  private next: number;
  private extra = 16;

  constructor(private readonly input: LzInput) {
    this.next = ((input.u16() << 16) | input.u16()) >>> 0;
  }

  peek(count: number): number {
    return count === 0 ? 0 : this.next >>> (32 - count);
  }

  skip(count: number): void {
    this.next = (this.next << count) >>> 0;
    this.extra -= count;
    if (this.extra >= 0) return;
    // The last words may be missing from the data where none of their bits are used.
    const word = this.input.left >= 2 ? this.input.u16() : 0;
    this.next = (this.next | (word << -this.extra)) >>> 0;
    this.extra += 16;
  }
}

/**
 * Decodes plain Xpress ([MS-XCA] 2.4, LZ77 only) until the output has `size` bytes.
 * @throws PoolTrackerError FORMAT_DAMAGED also when fewer come out
 */
export function decodeXpressLz77(data: Uint8Array, size: number): Buffer {
  const input = new LzInput(data);
  const output = new LzOutput(size);
  const nibbles = new Nibbles(input);
  while (!output.full) {
    const flags = input.u32();
    for (let bit = 31; bit >= 0 && !output.full; bit--) {
      if (((flags >>> bit) & 1) === 0) {
        output.literal(input.u8());
        continue;
      }
      const word = input.u16();
      output.match((word >> 3) + 1, lz77MatchLength(word & 7, nibbles, input));
    }
  }
  return output.result();
}

/** Two matches share a byte for their lengths: the first takes its low half, the next one its high half. */
class Nibbles {
  private shared: number | null = null;

  constructor(private readonly input: LzInput) {}

  next(): number {
    if (this.shared === null) {
      this.shared = this.input.u8();
      return this.shared & 15;
    }
    const high = this.shared >> 4;
    this.shared = null;
    return high;
  }
}

function lz77MatchLength(low: number, nibbles: Nibbles, input: LzInput): number {
  if (low < 7) return low + 3;
  const nibble = nibbles.next();
  if (nibble < 15) return nibble + 10;
  const byte = input.u8();
  if (byte < 255) return byte + 25;
  const length = input.u16() || input.u32();
  if (length < 22) throw damagedData(`an Xpress match of length ${length} is written as a long one`);
  return length + 3;
}
