import { greedyMatches } from './greedy-matches.js';

const BLOCK = 0x10000;

/** Codes of nine bits for all 512 symbols: no gain, but every symbol can be written. */
const CODE_BITS = 9;
const TABLE = Buffer.alloc(256, CODE_BITS | (CODE_BITS << 4));

/** Xpress with Huffman codes. */
export function encodeXpressHuffman(data: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += BLOCK) out.push(TABLE, encodeBlock(data.subarray(at, at + BLOCK)));
  return Buffer.concat(out);
}

function encodeBlock(data: Uint8Array): Buffer {
  const bits = new BitWriter();
  for (const { literals, match } of greedyMatches(data, { shortest: 3, longest: BLOCK, farthest: 0xffff })) {
    for (const byte of literals) bits.write(byte, CODE_BITS);
    if (match === null) continue;
    const rest = match.length - 3;
    const distanceBits = 31 - Math.clz32(match.distance);
    bits.write(256 + (distanceBits << 4) + Math.min(rest, 15), CODE_BITS);
    if (rest >= 15) {
      if (rest - 15 < 255) bits.byte(rest - 15);
      else {
        bits.byte(255);
        bits.byte(rest & 0xff);
        bits.byte(rest >> 8);
      }
    }
    bits.write(match.distance - (1 << distanceBits), distanceBits);
  }
  return bits.result();
}

/** Words of 16 bits, each at the place where the decoder, two words ahead, reads it; bytes between them. */
class BitWriter {
  private readonly out: number[] = [0, 0, 0, 0];
  private readonly words = [0, 2];
  private written = 0;

  write(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) {
      if ((value >> bit) & 1) {
        const at = this.words[this.written >> 4]! + ((this.written & 15) < 8 ? 1 : 0);
        this.out[at]! |= 0x80 >> (this.written & 7);
      }
      this.written++;
      this.reserve(false);
    }
    this.reserve(true);
  }

  byte(value: number): void {
    this.out.push(value);
  }

  result(): Buffer {
    return Buffer.from(this.out);
  }

  /** A word is read once more than 16 bits short of it are used; within a code, bits may go to it before that. */
  private reserve(endOfCode: boolean): void {
    const needed = endOfCode ? Math.max(2, Math.ceil(this.written / 16) + 1) : Math.floor(this.written / 16) + 1;
    while (this.words.length < needed) {
      this.words.push(this.out.length);
      this.out.push(0, 0);
    }
  }
}
