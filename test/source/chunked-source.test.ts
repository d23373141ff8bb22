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

  it('say what is damaged, and try again when asked again', async () => {
    let fails = true;
    const load = ({ length }: Chunk): Promise<Uint8Array> =>
      fails
        ? Promise.reject(new PoolTrackerError('FORMAT_DAMAGED', 'no such code'))
        : Promise.resolve(Buffer.alloc(length));
    const view = new ChunkedSource([new BufferSource(Buffer.alloc(1), 'base')], { ...evenChunks(10, 30), load });
    await assert.rejects(readBytes(view, 15, 1), { code: 'FORMAT_DAMAGED', message: /^base: .*0xa.*no such code$/ });
    fails = false;
    assert.equal((await readBytes(view, 15, 1)).length, 1);
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
