import { LzInput, LzOutput } from './lz-window.js';

const COMPRESSED = 0x8000;

/** Chunks are independent: matches reach no further back than the beginning of their chunk. */
const CHUNK = 0x1000;

/**
 * Decodes LZNT1 ([MS-XCA] 2.5): chunks of 4 KiB, each behind a 16-bit header, up to a header of 0. By hand: npm was
 * searched for LZNT1, MS-XCA and ms-compress, and no package was found to try.
 * @param limit maximum size of the output, in bytes
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeLznt1(data: Uint8Array, limit: number): Buffer {
  const input = new LzInput(data);
  const output = new LzOutput(limit);
  while (input.left >= 2 && !output.full) {
    const header = input.u16();
    if (header === 0) break;
    const chunk = input.take((header & 0xfff) + 1);
    output.literals(header & COMPRESSED ? decodeChunk(chunk) : chunk);
  }
  return output.result();
}

function decodeChunk(chunk: Uint8Array): Buffer {
  const input = new LzInput(chunk);
  const output = new LzOutput(CHUNK);
  while (input.left > 0) {
    const flags = input.u8();
    for (let bit = 0; bit < 8 && input.left > 0; bit++) {
      if ((flags >> bit) & 1) match(input.u16(), output);
      else output.literal(input.u8());
    }
  }
  return output.result();
}

/** The further into its chunk, the more bits of a match are its distance and the fewer its length. */
function match(word: number, output: LzOutput): void {
  let lengthBits = 12;
  for (let position = output.length - 1; position >= 0x10; position >>= 1) lengthBits--;
  output.match((word >> lengthBits) + 1, (word & ((1 << lengthBits) - 1)) + 3);
}
