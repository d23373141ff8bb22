import { damagedData, LzInput, LzOutput } from './lz-window.js';

/**
 * Decodes plain Xpress ([MS-XCA] 2.4, LZ77 alone) until `size` bytes are out.
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
