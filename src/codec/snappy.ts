import { damagedData, LzInput, LzOutput } from './lz-window.js';

/**
 * The size that a raw Snappy block announces in its first bytes (a varint of 32 bits at most).
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function snappySize(block: Uint8Array): number {
  return sizeOf(new LzInput(block));
}

/**
 * Decodes a raw Snappy block (Google's format_description.txt). By hand: of the packages tried, snappyjs, as fast, fills
 * up a block that holds less than it announces with zeros and tells nothing; snappy is an addon with a binary for each
 * platform; hysnappy found the same faults, twice as fast, which saves 15 microseconds a page of a rare kind of dump.
 * @param limit maximum size of the output, in bytes
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeSnappy(block: Uint8Array, limit: number): Buffer {
  const input = new LzInput(block);
  const size = sizeOf(input);
  if (size > limit) throw damagedData(`a Snappy block announces ${size} bytes where at most ${limit} belong`);
  const output = new LzOutput(size);
  while (input.left > 0) {
    const tag = input.u8();
    const high = tag >> 2;
    switch (tag & 3) {
      case 0:
        output.copy(input, literalLength(high, input));
        break;
      case 1:
        output.match(((tag >> 5) << 8) | input.u8(), (high & 7) + 4);
        break;
      case 2:
        output.match(input.u16(), high + 1);
        break;
      default:
        output.match(input.u32(), high + 1);
    }
  }
  if (!output.full) throw damagedData(`a Snappy block announces ${size} bytes and holds ${output.length}`);
  return output.result();
}

/** Lengths above 60 follow the tag, in one to four bytes. */
function literalLength(high: number, input: LzInput): number {
  if (high < 60) return high + 1;
  let length = 0;
  for (let byte = 0; byte < high - 59; byte++) length += input.u8() * 2 ** (8 * byte);
  return length + 1;
}

function sizeOf(input: LzInput): number {
  let size = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = input.u8();
    size += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return size;
  }
  throw damagedData('a Snappy block announces a size of more than 32 bits');
}
