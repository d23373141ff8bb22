import { LzInput, LzOutput } from './lz-window.js';

/**
 * Decodes one LZ4 block (lz4_Block_format.md). By hand: of the packages tried, lz4js takes what a match finds outside of
 * the block for zeros and tells nothing; lz4-wasm-nodejs knows no history; lz4-asm does not load in Node 20; lz4-napi and
 * lz4, faster by half, are addons with a binary or a compiler's run for each platform.
 * @param limit maximum size of the output, in bytes
 * @param history output of the blocks before, for a linked block; 64 KiB are enough
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeLz4Block(block: Uint8Array, limit: number, history?: Uint8Array): Buffer {
  const input = new LzInput(block);
  const output = new LzOutput(limit, history);
  while (input.left > 0) {
    const token = input.u8();
    output.copy(input, extended(token >> 4, input));
    // The last sequence of a block is literals alone.
    if (input.left === 0) break;
    const distance = input.u16();
    output.match(distance, extended(token & 15, input) + 4);
  }
  return output.result();
}

function extended(length: number, input: LzInput): number {
  if (length < 15) return length;
  let byte: number;
  do length += byte = input.u8();
  while (byte === 255);
  return length;
}
