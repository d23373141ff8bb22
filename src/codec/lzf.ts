import { LzInput, LzOutput } from './lz-window.js';

/** A control byte below is a run of literals, one more than it says. */
const FIRST_MATCH = 32;
/** The length code behind which a further byte of length stands. */
const LONG = 7;
const MIN_MATCH = 2;

/**
 * Decodes a block of LibLZF: literals, and matches up to 8 KiB back. By hand: thirty lines, and what npm has is not kept.
 * @param limit maximum size of the output, in bytes
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeLzf(data: Uint8Array, limit: number): Buffer {
  const input = new LzInput(data);
  const output = new LzOutput(limit);
  while (input.left > 0) {
    const control = input.u8();
    if (control < FIRST_MATCH) {
      output.copy(input, control + 1);
      continue;
    }
    const code = control >> 5;
    const length = (code === LONG ? code + input.u8() : code) + MIN_MATCH;
    output.match((((control & 0x1f) << 8) | input.u8()) + 1, length);
  }
  return output.result();
}
