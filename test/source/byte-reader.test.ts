import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { type ByteReader, readerOf } from '../../src/source/reading/byte-reader.js';
import type { ByteOrigin } from '../../src/source/reading/byte-origin.js';
import { ByteStream } from '../../src/source/stream/byte-stream.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { Random } from '../support/generate/random.js';

const MIB = 1 << 20;

const bytes = new Random(12).bytes(3 * MIB + 12_345);

/** The bytes in pieces of the sizes given, over and over, empty ones too. */
async function* pieces(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** An origin that fills the reader's own buffers, as a descriptor does. */
function filling(): ByteOrigin {
  let at = 0;
  const take = (count: number): Buffer => bytes.subarray(at, (at += Math.min(count, bytes.length - at)));
  return {
    next: () => Promise.resolve(at === bytes.length ? null : take(70_000)),
    fill: (target) => Promise.resolve(take(target.length).copy(target)),
    close: () => undefined,
  };
}

const ORIGINS: Readonly<Record<string, () => ByteReader>> = {
  'a source': () => readerOf(new BufferSource(bytes), 'x', 'thing'),
  'pieces of one size': () => readerOf(pieces([50_000]), 'x', 'thing'),
  'pieces of odd sizes': () => readerOf(pieces([1, 0, 7, 400_000]), 'x', 'thing'),
  'an origin that fills': () => readerOf(filling(), 'x', 'thing'),
  'a stream': () => new ByteStream('x', null, pieces([65_536, 3])).reader,
  'a reader under another title': () => readerOf(readerOf(pieces([4096]), 'x', 'other'), 'x', 'thing'),
};

/** Reads one way or another, and what came as bytes; the reader stands behind them. */
const STEPS: readonly ((reader: ByteReader, count: number) => Promise<Uint8Array | number>)[] = [
  (reader, count) => reader.take(count, 'a step').catch(async () => (await reader.next()) ?? Buffer.alloc(0)),
  async (reader, count) => (await reader.next(count)) ?? Buffer.alloc(0),
  async (reader, count) => {
    const target = Buffer.alloc(count);
    return target.subarray(0, await reader.fill(target));
  },
  (reader, count) => reader.skip(count),
  async (reader, count) => {
    const peeked = Buffer.from(await reader.peek(count));
    assert.deepEqual(await reader.skip(peeked.length), peeked.length);
    return peeked;
  },
  async (reader, count) => {
    const piece = (await reader.next(count)) ?? Buffer.alloc(0);
    const kept = piece.length >>> 1;
    reader.giveBack(piece.subarray(kept));
    return piece.subarray(0, kept);
  },
];

describe('the byte reader', () => {
  for (const [title, open] of Object.entries(ORIGINS)) {
    it(`reads ${title} in order, however it is asked`, async () => {
      const step = fc.tuple(fc.nat(STEPS.length - 1), fc.oneof(fc.nat(100), fc.nat(2 * MIB)));
      await assertAsyncProperty(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const reader = open();
          let at = 0;
          for (const [which, count] of steps) {
            const came = await STEPS[which]!(reader, count);
            const length = typeof came === 'number' ? came : came.length;
            if (typeof came !== 'number') assert.ok(bytes.subarray(at, at + length).equals(came), `at ${at}`);
            at += length;
            assert.equal(reader.offset, at);
          }
          const left: Uint8Array[] = [];
          for await (const piece of reader.rest()) left.push(piece);
          assert.ok(Buffer.concat(left).equals(bytes.subarray(at)));
        }),
        { numRuns: 25 },
      );
    });

    it(`tells the end of ${title}`, async () => {
      const reader = open();
      assert.equal(await reader.atEnd(), false);
      assert.equal(await reader.skip(bytes.length - 5), bytes.length - 5);
      assert.equal((await reader.peek(10)).length, 5);
      await assert.rejects(reader.take(6, 'a header'), {
        code: 'FORMAT_DAMAGED',
        message: new RegExp(
          `^x is a damaged (thing|stream): it ends after ${bytes.length} bytes, in the middle of a header$`,
        ),
      });
      assert.equal(await reader.fill(new Uint8Array(6)), 5);
      assert.equal(await reader.skip(1), 0);
      assert.equal(await reader.next(), null);
      assert.equal(await reader.atEnd(), true);
      assert.equal(reader.offset, bytes.length);
    });
  }

  it('reads little of a source whose headers lie far apart, and ahead where all of it is wanted', async () => {
    const far = new BufferSource(Buffer.alloc(64 * MIB), 'far');
    const headers = readerOf(far, far.name, 'thing');
    for (let at = 0; at < 16; at++) {
      await headers.take(32, 'a header');
      await headers.skip(4 * MIB - 32);
    }
    assert.equal(headers.offset, 64 * MIB);
    assert.ok(far.bytesRead < 64 * 1024, `${far.bytesRead} bytes`);
    const all = new BufferSource(bytes, 'all');
    const reader = readerOf(all, all.name, 'thing');
    while ((await reader.next()) !== null);
    assert.equal(all.bytesRead, bytes.length, 'each byte once');
  });

  it('keeps what was peeked at in a stream for who reads it next', async () => {
    const stream = new ByteStream('x', null, pieces([4096]));
    const head = Buffer.from(await stream.reader.peek(8));
    assert.ok(head.equals(bytes.subarray(0, 8)));
    const reader = readerOf(stream.reader, stream.name, 'thing');
    assert.equal(reader.offset, 0);
    assert.ok((await reader.take(100_000, 'all')).equals(bytes.subarray(0, 100_000)));
    stream.close();
  });
});
