import type { Source } from '../../../src/source/source.js';
import { type Random } from '../generate/random.js';

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

/** Bytes that take the place of others. */
interface Edit {
  readonly at: number;
  readonly bytes: Buffer;
}

/** A file that was changed in a few places, or cut: nothing is copied, so that large files cost no more than small ones. */
export class MutatedSource implements Source {
  readonly name = 'mutated';
  bytesRead = 0;

  constructor(
    private readonly base: Buffer,
    readonly byteLength: number,
    private readonly edits: readonly Edit[],
  ) {}

  read(target: Uint8Array, offset: number): Promise<number> {
    const count = Math.max(0, Math.min(target.length, this.byteLength - offset));
    const stored = Math.max(0, Math.min(count, this.base.length - offset));
    if (stored > 0) target.set(this.base.subarray(offset, offset + stored));
    target.fill(0, stored, count);
    for (const { at, bytes } of this.edits) {
      const from = Math.max(at, offset);
      const to = Math.min(at + bytes.length, offset + count);
      if (to > from) target.set(bytes.subarray(from - at, to - at), from - offset);
    }
    this.bytesRead += count;
    return Promise.resolve(count);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The whole of it, for parsers of bytes. */
  async bytes(): Promise<Buffer> {
    const all = Buffer.alloc(this.byteLength);
    await this.read(all, 0);
    return all;
  }
}

/** Where the structures of a file are: mostly in its first bytes, sometimes in its last, else anywhere. */
function place(random: Random, length: number): number {
  const reach = random.pick([64, 0x200, 0x1000, 0x4000, length, length]);
  const within = random.below(Math.max(1, Math.min(reach, length)));
  return random.oneIn(5) ? Math.max(0, length - 1 - within) : within;
}

function word(random: Random): Buffer {
  const bytes = Buffer.alloc(8);
  const value = BigInt.asUintN(64, random.pick(TURNING) + BigInt(random.below(5) - 2));
  if (random.oneIn(4)) bytes.writeBigUInt64BE(value);
  else bytes.writeBigUInt64LE(value);
  return bytes.subarray(random.oneIn(4) ? 4 : 0).subarray(0, random.pick([1, 2, 4, 8]));
}

/** The seeds, changed as `random` will: bits, words, stretches of one seed or another, cuts and tails. */
export function mutate(seeds: readonly Buffer[], random: Random): MutatedSource {
  const base = random.pick(seeds);
  const edits: Edit[] = [];
  for (let count = 1 + random.below(6); count > 0; count--) {
    const at = place(random, base.length);
    const kind = random.below(6);
    if (kind === 0) edits.push({ at, bytes: Buffer.of((base[at] ?? 0) ^ (1 << random.below(8))) });
    else if (kind < 4) edits.push({ at, bytes: word(random) });
    else {
      const other = random.pick(seeds);
      const from = place(random, other.length);
      const length = 1 + random.below(random.pick([16, 256, 4096]));
      edits.push({ at, bytes: kind === 4 ? other.subarray(from, from + length) : random.bytes(length) });
    }
  }
  const length = random.oneIn(4)
    ? place(random, base.length)
    : random.oneIn(8)
      ? base.length + random.below(10_000)
      : base.length;
  return new MutatedSource(base, length, edits);
}
