import { damagedData, LzInput, LzOutput } from './lz-window.js';

/** State after an instruction that copied four literals or more; fewer are counted. */
const MANY = 4;

/**
 * Decodes an LZO1X block (the Linux kernel's lzo.rst; without its run-length extension). By hand: of the packages tried,
 * lzo-ts goes round for ever on a block cut short, lzo-wasm imports its module in a way that Node does not know, lzo is
 * C++ that each installation compiles, and lzo-decompress no longer compiles.
 * @param limit maximum size of the output, in bytes
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export function decodeLzo1x(block: Uint8Array, limit: number): Buffer {
  const input = new LzInput(block);
  const output = new LzOutput(limit);
  let state = 0;
  if ((block[0] ?? 0) > 17) {
    const count = input.u8() - 17;
    output.copy(input, count);
    state = Math.min(count, MANY);
  }
  for (;;) {
    const token = input.u8();
    if (token < 16 && state === 0) {
      output.copy(input, 3 + extended(token, 15, input));
      state = MANY;
      continue;
    }
    const match =
      token < 16 ? nearMatch(token, state, input) : token < 64 ? longMatch(token, input) : shortMatch(token, input);
    if (match === null) return output.result();
    output.match(match.distance, match.length);
    output.copy(input, match.literals);
    state = match.literals;
  }
}

interface Match {
  readonly distance: number;
  readonly length: number;
  /** How many literals follow it. */
  readonly literals: number;
}

function nearMatch(token: number, state: number, input: LzInput): Match {
  const distance = (input.u8() << 2) + (token >> 2);
  return state === MANY
    ? { distance: distance + 2049, length: 3, literals: token & 3 }
    : { distance: distance + 1, length: 2, literals: token & 3 };
}

function shortMatch(token: number, input: LzInput): Match {
  const distance = (input.u8() << 3) + ((token >> 2) & 7) + 1;
  const length = token >= 128 ? 5 + ((token >> 5) & 3) : 3 + ((token >> 5) & 1);
  return { distance, length, literals: token & 3 };
}

/** Null: the end of the stream, a far match of distance 16384. */
function longMatch(token: number, input: LzInput): Match | null {
  const far = token < 32;
  const length = 2 + (far ? extended(token & 7, 7, input) : extended(token & 31, 31, input));
  const word = input.u16();
  if (!far) return { distance: (word >> 2) + 1, length, literals: word & 3 };
  const distance = 16384 + ((token & 8) << 11) + (word >> 2);
  return distance === 16384 ? null : { distance, length, literals: word & 3 };
}

function extended(length: number, base: number, input: LzInput): number {
  if (length !== 0) return length;
  let sum = base;
  for (;;) {
    const byte = input.u8();
    if (byte !== 0) return sum + byte;
    sum += 255;
    if (sum > 1 << 24) throw damagedData('an LZO length is beyond 16 MiB');
  }
}
