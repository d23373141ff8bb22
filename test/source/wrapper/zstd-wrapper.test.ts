import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { ZSTD_DECODERS, type OpenZstd } from '../../../src/codec/zstd/zstd.js';
import { PoolTrackerError } from '../../../src/errors.js';
import { readerOf } from '../../../src/source/reading/byte-reader.js';
import { zstdFrames } from '../../../src/source/wrapper/zstd.js';
import { u32 } from '../../support/encode/bytes.js';
import { Random } from '../../support/generate/random.js';
import { hasProgram, run } from '../../support/run/programs.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { canWrap, WRAP_CASES } from '../../support/sources/wrap.js';

const KIB = 1 << 10;
const MIB = 1 << 20;

/** Bytes in pieces of one size, and how many of them were taken. */
class Pieces {
  taken = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly size: number,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (; this.taken < this.bytes.length; this.taken += this.size) {
      yield this.bytes.subarray(this.taken, this.taken + this.size);
    }
  }
}

function frames(bytes: AsyncIterable<Uint8Array>, open: OpenZstd): AsyncGenerator<Uint8Array> {
  return zstdFrames(readerOf(bytes, 'wrapped', 'zstd stream'), open);
}

interface Outcome {
  readonly bytes: Buffer;
  /** What ended it early; null where nothing did. */
  readonly error: string | null;
}

async function outcomeOf(bytes: Uint8Array, open: OpenZstd): Promise<Outcome> {
  const out: Uint8Array[] = [];
  let error: string | null = null;
  try {
    for await (const piece of frames(new Pieces(bytes, 64 * KIB), open)) out.push(piece);
  } catch (thrown) {
    assert.ok(thrown instanceof PoolTrackerError, String(thrown));
    error = `${thrown.code}: ${thrown.message}`;
  }
  return { bytes: Buffer.concat(out), error };
}

/** What is wrong and where; builds of libzstd differ in what they find first in a damaged block. */
function placeOf({ error }: Outcome): string | null {
  return error?.replace(/(the decoder says) .*/, '$1') ?? null;
}

/** A frame of these blocks, with a window of 2 MiB and nothing else told. */
function frame(...blocks: Buffer[]): Buffer {
  return frameOfWindow(0x58, ...blocks);
}

/** @param window as a frame header has it: the exponent above 10 in the upper five bits */
function frameOfWindow(window: number, ...blocks: Buffer[]): Buffer {
  return Buffer.concat([u32(0xfd2fb528), Buffer.of(0x00, window), ...blocks]);
}

/** A block: 0 of bytes as they are, 1 of one byte `size` times, 2 compressed. */
function block(type: number, size: number, bytes: Uint8Array, last = false): Buffer {
  return Buffer.concat([u32((size << 3) | (type << 1) | Number(last)).subarray(0, 3), bytes]);
}

function noise(length: number): Buffer {
  const random = new Random(7);
  return Buffer.from(Uint8Array.from({ length }, () => random.below(256)));
}

const text = Buffer.from(Array.from({ length: 9000 }, (_, line) => `${line}: ${(line * line) % 977} pages\n`).join(''));

for (const { name, open } of ZSTD_DECODERS) {
  describe(`zstd streams, decoded by ${name}`, () => {
    const folder = temporaryFolder();

    for (const one of WRAP_CASES.filter(({ wrapper }) => wrapper === 'zstd')) {
      it(`gives back what was wrapped: ${one.title}`, async function () {
        if (!canWrap(one)) this.skip();
        const bytes = Buffer.concat([text, Buffer.alloc(3 * MIB), noise(300_000), text]);
        assert.deepEqual(await outcomeOf(one.wrap(bytes), open), { bytes, error: null });
      });
    }

    it('decodes frames of nothing, of a byte, and skippable ones, by the thousand', async () => {
      const skippable = Buffer.concat([u32(0x184d2a5f), u32(3), Buffer.from('abc')]);
      const empty = Buffer.concat([u32(0xfd2fb528), Buffer.of(0x20, 0), block(0, 0, Buffer.of(), true)]);
      const byte = frame(block(0, 0, Buffer.of()), block(1, 1, Buffer.from('x'), true));
      const file = Buffer.concat(Array.from({ length: 2000 }, () => [skippable, empty, byte, empty]).flat());
      assert.deepEqual(await outcomeOf(file, open), { bytes: Buffer.alloc(2000, 'x'), error: null });
    });

    it('verifies the checksum of the content', async function () {
      if (!hasProgram('zstd', '--version')) return this.skip();
      const file = run('zstd', ['-q', '-c'], text);
      file[file.length - 1]! ^= 1;
      assert.match((await outcomeOf(file, open)).error!, /the decoder says a frame's content does not match its chec/);
    });

    it('gives all that stands before a cut', async function () {
      if (!hasProgram('zstd', '--version')) return this.skip();
      const blocks = [block(0, 6, Buffer.from('before')), block(1, 100 * KIB, Buffer.of(0x41))];
      const cut = Buffer.concat([frame(...blocks), block(0, 9, Buffer.from('is '))]);
      assert.deepEqual(await outcomeOf(cut, open), {
        bytes: Buffer.concat([Buffer.from('before'), Buffer.alloc(100 * KIB, 0x41)]),
        error: `FORMAT_DAMAGED: wrapped is a damaged zstd stream: it ends after ${cut.length} bytes, in the middle of a block`,
      });
    });

    it('refuses a window above 128 MiB by name, and takes one of 128 MiB', async function () {
      if (!hasProgram('zstd', '--version')) return this.skip();
      const wide = run('zstd', ['-q', '-c', '--long=28'], text);
      assert.match((await outcomeOf(wide, open)).error!, /^FORMAT_REFUSED: .*takes a window of 268435456 bytes/);
      assert.ok((await outcomeOf(run('zstd', ['-q', '-c', '--long=27'], text), open)).bytes.equals(text));
    });

    it('gives nothing of a frame that needs another file', async function () {
      if (!hasProgram('zstd', '--version')) return this.skip();
      const reference = folder.path('reference');
      const changed = folder.path('changed');
      writeFileSync(reference, noise(200_000));
      writeFileSync(changed, Buffer.concat([noise(200_000).subarray(500), Buffer.from('changed')]));
      for (const options of [[], ['--no-check'], ['--no-check', '-19']]) {
        const patch = run('zstd', ['-q', '-c', ...options, `--patch-from=${reference}`, changed]);
        assert.ok(patch.length < 10_000);
        const { bytes, error } = await outcomeOf(patch, open);
        assert.equal(bytes.length, 0);
        assert.match(
          error!,
          /^FORMAT_DAMAGED: .*the decoder says a block is damaged, or repeats what is not in the frame/,
        );
      }
    });

    it('ends with bytes or one line where any byte of a page is 0xff', async function () {
      if (!hasProgram('zstd', '--version')) return this.skip();
      const file = run('zstd', ['-q', '-c', '--no-check'], text.subarray(0, 4 * KIB));
      for (let at = 4; at < file.length; at++) {
        const copy = Buffer.from(file);
        copy[at] = 0xff;
        const { bytes, error } = await outcomeOf(copy, open);
        assert.ok(bytes.length <= 128 * KIB);
        if (error !== null) assert.match(error, /^FORMAT_(DAMAGED|REFUSED): wrapped( is a | \(zstd stream\) )[^\n]+$/);
      }
    });

    it('fails where any other decoder does', async function () {
      if (!hasProgram('zstd', '--version')) return this.skip();
      const file = run('zstd', ['-q', '-c'], text);
      const random = new Random(3);
      for (let turn = 0; turn < 300; turn++) {
        const copy = Buffer.from(file);
        copy[4 + random.below(turn % 2 ? 40 : copy.length - 4)] = random.below(256);
        const failed = placeOf(await outcomeOf(copy, open));
        for (const other of ZSTD_DECODERS) assert.equal(placeOf(await outcomeOf(copy, other.open)), failed);
      }
    });

    it('takes little more of its input than it puts out', async () => {
      const random = noise(100 * KIB);
      const file = frame(...Array.from({ length: 200 }, () => block(0, random.length, random)));
      const pieces = new Pieces(file, 64 * KIB);
      let length = 0;
      for await (const piece of frames(pieces, open)) {
        length += piece.length;
        assert.ok(pieces.taken <= length + 256 * KIB, `${pieces.taken} bytes taken for ${length}`);
        if (length > 2 * MIB) break;
      }
    });

    it('lets go of its window when nobody reads on, or when its data are damaged', async () => {
      const random = noise(100 * KIB);
      const stored = block(0, random.length, random);
      const unfinished = frameOfWindow(0x88, stored, stored);
      const damaged = frameOfWindow(0x88, stored, block(2, 9, Buffer.alloc(9, 0xff)));
      // The windows of all of these together are more than WebAssembly's memory can ever be.
      for (let turn = 0; turn < 40; turn++) {
        for await (const piece of frames(new Pieces(unfinished, unfinished.length), open)) {
          assert.ok(piece.length > 0);
          break;
        }
        assert.match((await outcomeOf(damaged, open)).error!, /the decoder says/);
      }
    });

    it('lets others have their turn while a bomb goes off, and stops when nobody reads on', async () => {
      const bomb = frame(...Array.from({ length: 9000 }, () => block(1, 128 * KIB, Buffer.of(0))));
      let turns = 0;
      let done = false;
      const others = (async () => {
        for (; !done; turns++) await setImmediate();
      })();
      let length = 0;
      for await (const piece of frames(new Pieces(bomb, bomb.length), open)) {
        assert.ok(piece.length <= 256 * KIB);
        length += piece.length;
        if (length >= 64 * MIB) break;
      }
      done = true;
      await others;
      assert.ok(turns >= 4, `${turns} turns`);
    });
  });
}
