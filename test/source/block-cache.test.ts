import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PoolTrackerError } from '../../src/errors.js';
import { BLOCK, MAX_AHEAD, SURROUNDINGS } from '../../src/source/remote/block-cache.js';
import { MAX_REQUEST_LENGTH, requestsFor } from '../../src/source/remote/request-plan.js';
import { AT_ONCE, BYTES_AT_ONCE } from '../../src/source/remote/request-queue.js';
import { type ByteRange, readBytes } from '../../src/source/source.js';
import { assertAsyncProperty, assertProperty } from '../support/lanes/property.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { FarSource } from '../support/sources/far-source.js';

const MIB = 1 << 20;
const content = Buffer.from(Uint32Array.from({ length: 2 * MIB }, (_, index) => index * 2654435761).buffer);
const far = (fault?: (range: ByteRange) => Error | null, atOnce?: number): FarSource =>
  new FarSource(new BufferSource(content), new Uint8Array(0), fault, atOnce);
const page = (index: number): ByteRange => ({ offset: index * BLOCK, length: BLOCK });
const unreadable = (): Error => new PoolTrackerError('SOURCE_UNREADABLE', 'the server answers 500');
const touches = ({ offset, length }: ByteRange, block: number): boolean =>
  offset < (block + 1) * BLOCK && block * BLOCK < offset + length;

describe('the plan of requests', () => {
  const blocks = (indexes: readonly number[]): { index: number; isGuess: boolean }[] =>
    indexes.map((index) => ({ index, isGuess: false }));
  const planned = (indexes: readonly number[]): [number, number][] =>
    requestsFor(blocks(indexes), BLOCK).map(({ first, count }) => [first, count]);

  it('lets neighbours share a request, and what stands alone stand alone', () => {
    assert.deepEqual(planned([7, 1000, 5, 6, 2000]), [
      [5, 3],
      [1000, 1],
      [2000, 1],
    ]);
    assert.deepEqual(planned([]), []);
  });

  it('fetches the narrowest gaps first, as long as they are few beside what is wanted', () => {
    // 4 blocks of gaps are free; what is wanted is worth none more.
    assert.deepEqual(planned([0, 2, 4, 6, 8, 20]), [
      [0, 9],
      [20, 1],
    ]);
    assert.deepEqual(planned([0, 5]), [[0, 6]]);
    assert.deepEqual(planned([0, 6]), [
      [0, 1],
      [6, 1],
    ]);
    const wide = Array.from({ length: 40 }, (_, index) => index * 3);
    assert.equal(planned(wide).length, 40, 'gaps of one width go together, or not at all');
    assert.equal(planned([...wide, 118, 120]).length, 40);
  });

  it('asks for every block once, and for little else', () => {
    const indexes = fc.uniqueArray(fc.nat(6000), { maxLength: 400 });
    assertProperty(
      fc.property(indexes, fc.nat(3000), (scattered, run) => {
        const wanted = [...new Set([...scattered, ...Array.from({ length: run }, (_, index) => 3000 + index)])];
        const requests = requestsFor(blocks(wanted), BLOCK);
        const asked = requests.flatMap((request) => request.blocks.map(({ index }) => index));
        assert.deepEqual(
          asked,
          [...wanted].sort((a, b) => a - b),
        );
        for (const { first, count, blocks: own } of requests) {
          assert.ok(count * BLOCK <= MAX_REQUEST_LENGTH);
          assert.equal(own[0]!.index, first);
          assert.equal(own.at(-1)!.index, first + count - 1);
        }
        const fetched = requests.reduce((sum, { count }) => sum + count, 0);
        assert.ok(fetched - wanted.length <= Math.max(4, wanted.length / 2), `${fetched} for ${wanted.length}`);
      }),
    );
  });
});

describe('the block cache', () => {
  it('fetches pages alone, and around what is none', async () => {
    const { source, requests } = far();
    await readBytes(source, 100 * BLOCK, BLOCK);
    await readBytes(source, 201 * BLOCK + 10, 4);
    assert.deepEqual(requests, [page(100), { offset: 200 * BLOCK, length: SURROUNDINGS }]);
    await readBytes(source, 203 * BLOCK + 100, 1000);
    assert.equal(requests.length, 2);
  });

  it('gives the bytes that are there, however they are read', async () => {
    const { source } = far();
    const read = fc.tuple(fc.nat(content.length + 100), fc.oneof(fc.nat(3 * MIB), fc.nat(9000)), fc.boolean());
    await assertAsyncProperty(
      fc.asyncProperty(fc.array(read, { maxLength: 4 }), async (reads) => {
        await Promise.all(
          reads.map(async ([offset, length, isAhead]) => {
            if (isAhead) await source.prefetch([{ offset, length }]);
            assert.ok((await readBytes(source, offset, length)).equals(content.subarray(offset, offset + length)));
          }),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('keeps nothing of reads that go through all of it, and has room for what is kept', async () => {
    const { source, requests } = far();
    await readBytes(source, 0, BLOCK);
    await readBytes(source, 0, 6 * MIB);
    assert.deepEqual(requests.slice(1), [
      { offset: 0, length: MAX_REQUEST_LENGTH },
      { offset: MAX_REQUEST_LENGTH, length: 2 * MIB },
    ]);
    await readBytes(source, 0, BLOCK);
    assert.equal(requests.length, 3);
    await readBytes(source, 5 * MIB, BLOCK);
    assert.equal(requests.length, 4);
    await source.prefetch([{ offset: MIB, length: 2 * MIB }]);
    const asked = requests.length;
    assert.ok((await readBytes(source, MIB, 2 * MIB)).equals(content.subarray(MIB, 3 * MIB)));
    assert.equal(requests.length, asked, 'what was fetched ahead is there for them, too');
  });

  it('reads what was fetched ahead without a request', async () => {
    const { source, requests } = far();
    await source.prefetch([page(3), page(900), { offset: 100 * BLOCK + 5, length: 2 * BLOCK }]);
    assert.deepEqual(requests, [page(3), { offset: 100 * BLOCK, length: 3 * BLOCK }, page(900)]);
    for (const { offset, length } of [page(3), page(101), page(900)])
      assert.ok((await readBytes(source, offset, length)).equals(content.subarray(offset, offset + length)));
    assert.equal(requests.length, 3);
  });

  it('fetches of any list ahead no more than is kept', async () => {
    const base = new (class extends BufferSource {
      override get byteLength(): number {
        return 2 ** 50;
      }
    })(content);
    const big = new FarSource(base, new Uint8Array(0));
    const endless = Array.from({ length: 100_000 }, (_, index) => ({ offset: index * BLOCK, length: 2 ** 52 }));
    await big.source.prefetch(endless);
    assert.equal(big.bytes, MAX_AHEAD);
    await big.source.prefetch([{ offset: 2 ** 51, length: 2 ** 51 }]);
    assert.equal(big.bytes, MAX_AHEAD, 'behind its end there is nothing');
  });

  it('has few requests and few bytes in flight', async () => {
    const many = far();
    await many.source.prefetch(Array.from({ length: 200 }, (_, index) => page(index * 10)));
    assert.equal(many.requests.length, 200);
    assert.equal(many.mostAtOnce, AT_ONCE);
    assert.equal(many.rounds, 25);
    const more = far(undefined, 32);
    await more.source.prefetch(Array.from({ length: 200 }, (_, index) => page(index * 10)));
    assert.equal(more.mostAtOnce, 32);
    await Promise.all(Array.from({ length: 12 }, () => readBytes(more.source, 0, 8 * MIB)));
    assert.ok(more.mostBytesAtOnce <= BYTES_AT_ONCE, `${more.mostBytesAtOnce} bytes`);
  });

  it('loses to a page that cannot be read nothing but that page', async () => {
    const { source, requests } = far((range) => (touches(range, 37) ? unreadable() : null));
    const reads = await Promise.allSettled(
      Array.from({ length: 64 }, (_, index) => readBytes(source, index * BLOCK, BLOCK)),
    );
    assert.deepEqual(
      reads.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
      [37],
    );
    assert.ok(requests.length <= 1 + 2 * Math.log2(64), `${requests.length} requests`);
    await source.prefetch([page(36), page(37), page(38)]);
    await assert.rejects(readBytes(source, 37 * BLOCK, BLOCK), { code: 'SOURCE_UNREADABLE' });
  });

  it('finds every such page, however many there were before', async () => {
    const { source } = far(({ offset, length }) =>
      length > BLOCK || offset % (64 * BLOCK) === 0 ? unreadable() : null,
    );
    for (let first = 0; first < 12 * 64; first += 64) {
      const reads = Array.from({ length: 8 }, (_, index) => readBytes(source, (first + index) * BLOCK, BLOCK));
      const lost = (await Promise.allSettled(reads)).map(({ status }) => status === 'rejected');
      assert.deepEqual(lost, [true, ...Array<boolean>(7).fill(false)]);
    }
  });

  it('does not need the gap between what it reads', async () => {
    const { source } = far((range) => (touches(range, 12) ? unreadable() : null));
    const [one, other] = await Promise.all([
      readBytes(source, 11 * BLOCK, BLOCK),
      readBytes(source, 13 * BLOCK, BLOCK),
    ]);
    assert.ok(one.equals(content.subarray(11 * BLOCK, 12 * BLOCK)));
    assert.ok(other.equals(content.subarray(13 * BLOCK, 14 * BLOCK)));
    assert.equal((await readBytes(source, 11 * BLOCK + 100, 10)).length, 10, 'nor what it only might read next');
  });

  it('gives up soon on a server that answers nothing, and at once on another object', async () => {
    const dead = far(unreadable);
    const pages = Array.from({ length: 1000 }, (_, index) => page(index));
    await assert.rejects(Promise.all(pages.map(({ offset }) => readBytes(dead.source, offset, BLOCK))), {
      code: 'SOURCE_UNREADABLE',
    });
    await dead.source.prefetch(pages);
    assert.ok(dead.requests.length < 40, `${dead.requests.length} requests`);
    const other = far(() => new PoolTrackerError('SOURCE_CHANGED', 'it changed'));
    await assert.rejects(Promise.all([page(1), page(2)].map(({ offset }) => readBytes(other.source, offset, BLOCK))), {
      code: 'SOURCE_CHANGED',
    });
    assert.equal(other.requests.length, 1);
  });

  it('asks for nothing more when it is closed', async () => {
    const { source, requests } = far();
    const ahead = source.prefetch(Array.from({ length: 200 }, (_, index) => page(index * 10)));
    const read = assert.rejects(readBytes(source, 1990 * BLOCK, BLOCK), { code: 'SOURCE_UNREADABLE' });
    await new Promise(setImmediate);
    await source.close();
    await Promise.all([ahead, read]);
    assert.equal(requests.length, AT_ONCE);
    await assert.rejects(readBytes(source, 0, 10), { code: 'SOURCE_UNREADABLE' });
    await assert.rejects(readBytes(source, 0, 2 * MIB), { code: 'SOURCE_UNREADABLE' });
    assert.equal(requests.length, AT_ONCE);
  });
});
