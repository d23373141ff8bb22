import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PoolTrackerError } from '../../src/errors.js';
import {
  ChunkedSource,
  evenChunks,
  listedChunks,
  type Chunk,
  type ChunkTable,
} from '../../src/source/reading/chunked-source.js';
import { readBytes } from '../../src/source/source.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { assertAsyncProperty } from '../support/lanes/property.js';

const MIB = 1 << 20;

/** A view of `bytes` cut into chunks, that counts what is loaded. */
function viewOf(bytes: Buffer, cut: Pick<ChunkTable, 'byteLength' | 'at'>): { view: ChunkedSource; loads: Chunk[] } {
  const loads: Chunk[] = [];
  const load = (chunk: Chunk): Promise<Uint8Array> => {
    loads.push(chunk);
    return Promise.resolve(bytes.subarray(chunk.start, chunk.start + chunk.length));
  };
  return { view: new ChunkedSource([new BufferSource(bytes, 'base')], { ...cut, load }), loads };
}

describe('chunked views', () => {
  it('read like the bytes themselves, wherever chunks begin', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 });
    await assertAsyncProperty(
      fc.asyncProperty(lengths, fc.nat(4000), fc.nat(4000), fc.boolean(), async (sizes, offset, length, even) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const bytes = Buffer.from(Array.from({ length: total }, (_, at) => (at * 31) & 0xff));
        const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
        const { view } = viewOf(bytes, even ? evenChunks(sizes[0]!, total) : listedChunks(starts, total));
        assert.ok((await readBytes(view, offset, length)).equals(bytes.subarray(offset, offset + length)));
      }),
    );
  });

  it('load a chunk once, also for reads at the same time', async () => {
    const { view, loads } = viewOf(Buffer.alloc(100), evenChunks(10, 100));
    await Promise.all([readBytes(view, 0, 35), readBytes(view, 20, 35), readBytes(view, 5, 1)]);
    assert.deepEqual(loads.map((chunk) => chunk.index).sort(), [0, 1, 2, 3, 4, 5]);
    await readBytes(view, 0, 60);
    assert.equal(loads.length, 6);
  });

  it('keep no more than 16 MiB, and what was used last', async () => {
    const { view, loads } = viewOf(Buffer.alloc(40 * MIB), evenChunks(MIB, 40 * MIB));
    for (let chunk = 0; chunk < 16; chunk++) await readBytes(view, chunk * MIB, 1);
    await readBytes(view, 0, 1);
    await readBytes(view, 16 * MIB, 1);
    assert.equal(loads.length, 17);
    await readBytes(view, 0, 1);
    assert.equal(loads.length, 17, 'the first was used last but one');
    await readBytes(view, MIB, 1);
    assert.equal(loads.length, 18, 'the second was dropped');
  });

  /** A view whose chunks all fail with an error of that code, and how often one was loaded. */
  function failing(
    code: 'FORMAT_DAMAGED' | 'SOURCE_UNREADABLE',
    chunks: number,
  ): { view: ChunkedSource; loads: number[] } {
    const loads: number[] = [];
    const load = ({ index }: Chunk): Promise<Uint8Array> => {
      loads.push(index);
      return Promise.reject(new PoolTrackerError(code, 'no such code'));
    };
    const base = new BufferSource(Buffer.alloc(1), 'base');
    return { view: new ChunkedSource([base], { ...evenChunks(10, chunks * 10), load }), loads };
  }

  it('say what is damaged, and decode it once for all that is asked of it', async () => {
    const { view, loads } = failing('FORMAT_DAMAGED', 3);
    for (const at of [15, 16, 10])
      await assert.rejects(readBytes(view, at, 1), { code: 'FORMAT_DAMAGED', message: /^base: .*0xa.*no such code$/ });
    assert.deepEqual(loads, [1]);
    await assert.rejects(readBytes(view, 5, 1), { message: /0x0/ });
    assert.deepEqual(loads, [1, 0]);
  });

  it('try again what could not be fetched', async () => {
    const { view, loads } = failing('SOURCE_UNREADABLE', 3);
    for (let time = 0; time < 3; time++) await assert.rejects(readBytes(view, 15, 1), { code: 'SOURCE_UNREADABLE' });
    assert.deepEqual(loads, [1, 1, 1]);
  });

  it('remember a bounded number of damaged chunks', async () => {
    const { view, loads } = failing('FORMAT_DAMAGED', 5000);
    for (let chunk = 0; chunk < 5000; chunk++) await assert.rejects(readBytes(view, chunk * 10, 1));
    await assert.rejects(readBytes(view, 49_990, 1));
    assert.equal(loads.length, 5000, 'the last one is known');
    await assert.rejects(readBytes(view, 0, 1));
    assert.equal(loads.length, 5001, 'the first one is not');
  });

  it('refuse a chunk that comes out shorter than it is to be', async () => {
    const load = (): Promise<Uint8Array> => Promise.resolve(Buffer.alloc(9));
    const view = new ChunkedSource([new BufferSource(Buffer.alloc(1), 'base')], { ...evenChunks(10, 30), load });
    await assert.rejects(readBytes(view, 0, 1), {
      code: 'FORMAT_DAMAGED',
      message: /10 bytes belong there, 9 came out/,
    });
  });
});
