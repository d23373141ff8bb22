import type { Random } from '../generate/random.js';

/** Values at which checks of sizes and counts turn. */
const TURNING = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0xfffn,
  0x1000n,
  0x7fffn,
  0xffffn,
  0x10000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 40n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

/** The longest file that is made. */
export const MAX_CASE = 256 << 10;

const fields = new WeakMap<Buffer, readonly number[]>();

/**
 * Where the fields of a file stand: words that are not all zeros, since the pages in a seed are, and one behind each.
 */
function fieldsOf(seed: Buffer): readonly number[] {
  const known = fields.get(seed);
  if (known !== undefined) return known;
  const places = new Set<number>([0]);
  for (let at = 0; at < seed.length; at += 4)
    if (seed[at] !== 0 || seed[at + 1] !== 0 || seed[at + 2] !== 0 || seed[at + 3] !== 0)
      for (const place of [at, at + 4]) if (place < seed.length) places.add(place);
  const list = [...places];
  fields.set(seed, list);
  return list;
}

function place(seed: Buffer, random: Random): number {
  const at = random.pick(fieldsOf(seed)) + (random.oneIn(3) ? random.below(4) : 0);
  return Math.max(0, Math.min(at, seed.length - 1));
}

/** A value at which something turns, a value of another field, or a little more or less than what stands there. */
function word(seed: Buffer, at: number, random: Random): Buffer {
  const width = random.pick([1, 2, 4, 4, 8, 8]);
  const bytes = Buffer.alloc(8);
  const kind = random.below(4);
  const other = random.pick(fieldsOf(seed));
  if (kind === 0) seed.copy(bytes, 0, other, other + width);
  else if (kind === 1) {
    seed.copy(bytes, 0, at, at + width);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, bytes.readBigUInt64LE() + BigInt(random.below(33) - 16)));
  } else {
    const value = BigInt.asUintN(64, random.pick(TURNING) + BigInt(random.below(5) - 2));
    if (random.oneIn(4)) return bigEndian(value, width);
    bytes.writeBigUInt64LE(value);
  }
  return bytes.subarray(0, width);
}

function bigEndian(value: bigint, width: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.subarray(8 - width);
}

/** Bytes of the file or of another one: what is put in the place of others, or between them. */
function stretch(seeds: readonly Buffer[], random: Random): Buffer {
  const other = random.pick(seeds);
  const from = place(other, random);
  return other.subarray(from, from + 1 + random.below(random.pick([8, 64, 512, 4096])));
}

/**
 * One of the seeds, changed as `random` will: bits and fields, stretches of one seed in another, bytes left out, doubled
 * and put between, cuts and tails.
 */
export function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  const base = random.pick(seeds);
  let file = Buffer.from(base);
  for (let count = 1 + random.below(random.pick([2, 6])); count > 0; count--) {
    const at = Math.min(place(base, random), Math.max(0, file.length - 1));
    const kind = random.below(16);
    if (kind === 0) file[at]! ^= 1 << random.below(8);
    else if (kind < 10) file.set(clipped(word(base, at, random), file, at), at);
    else if (kind < 12) file.set(clipped(stretch(seeds, random), file, at), at);
    else if (kind === 12) file.set(clipped(random.bytes(1 + random.below(16)), file, at), at);
    else if (kind === 13) file = Buffer.concat([file.subarray(0, at), stretch(seeds, random), file.subarray(at)]);
    else if (kind === 14) file = Buffer.concat([file.subarray(0, at), file.subarray(at + 1 + random.below(64))]);
    else if (random.oneIn(2)) file = file.subarray(0, at);
    else file = Buffer.concat([file, stretch(seeds, random)]);
  }
  return file.subarray(0, MAX_CASE);
}

function clipped(bytes: Buffer, file: Buffer, at: number): Buffer {
  return bytes.subarray(0, Math.max(0, file.length - at));
}
