import assert from 'node:assert/strict';
import fc from 'fast-check';
import { physicalAddress } from '../../src/address.js';
import { RunListBuilder } from '../../src/image/run-list.js';
import { Unreadable } from '../../src/image/unreadable.js';
import { PoolTrackerError } from '../../src/errors.js';
import { stretchesOf } from '../../src/image/pages.js';
import { BufferPool } from '../../src/source/stream/buffer-pool.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { assertAsyncProperty } from '../support/lanes/property.js';

/** Runs of any shape over a source in which every byte tells its own offset. */
const runShapes = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 12,
});

function memoryOf(shapes: readonly (readonly [gap: number, length: number])[]): {
  memory: PhysicalMemory;
  model: Int16Array;
} {
  const builder = new RunListBuilder('test');
  let start = 0;
  let offset = 0;
  const spans = shapes.map(([gap, length]) => {
    const span = { start: start + gap, length, offset };
    start = span.start + length;
    offset += length;
    return span;
  });
  for (const span of [...spans].reverse()) builder.add(span.start, span.length, span.offset);
  const model = new Int16Array(start + 100).fill(-1);
  const bytes = Buffer.alloc(offset);
  for (let at = 0; at < offset; at++) bytes[at] = (at * 7) & 0xff;
  for (const span of spans) for (let at = 0; at < span.length; at++) model[span.start + at] = bytes[span.offset + at]!;
  const image = {
    format: 'test',
    source: new BufferSource(bytes),
    runs: builder.build(),
    hints: {},
    unreadable: new Unreadable(),
    warnings: [],
  };
  return { memory: new PhysicalMemory(image), model };
}

describe('physical memory', () => {
  it('reads across runs and holes as a flat model does', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(
        runShapes,
        fc.integer({ min: 0, max: 40_000 }),
        fc.integer({ min: 1, max: 9000 }),
        async (shapes, from, length) => {
          const { memory, model } = memoryOf(shapes);
          const { bytes, whole } = await memory.read(physicalAddress(from), length);
          let missing = false;
          for (let at = 0; at < length; at++) {
            const expected = model[from + at] ?? -1;
            if (expected < 0) missing = true;
            assert.equal(bytes[at], Math.max(0, expected));
          }
          assert.equal(whole, !missing);
          // Of what was read there before, nothing is left.
          const used = Buffer.alloc(length, 0xee);
          assert.equal(await memory.readInto(used, physicalAddress(from)), whole);
          assert.deepEqual(used, bytes);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has a page only when all of it is there', async () => {
    const { memory } = memoryOf([
      [0, 4096],
      [0, 4095],
    ]);
    assert.notEqual(await memory.page(physicalAddress(100)), null);
    assert.equal(await memory.page(physicalAddress(4096)), null);
  });

  it('asks again for a page that could not be read', async () => {
    const builder = new RunListBuilder('test');
    builder.add(0, 8192, 0);
    const bytes = Buffer.alloc(8192, 7);
    let failures = 1;
    class FailingSource extends BufferSource {
      override read(target: Uint8Array, offset: number): Promise<number> {
        return failures-- > 0 ? Promise.reject(new Error('the line went dead')) : super.read(target, offset);
      }
    }
    const source = new FailingSource(bytes);
    const memory = new PhysicalMemory({
      format: 'test',
      source,
      runs: builder.build(),
      hints: {},
      unreadable: new Unreadable(),
      warnings: [],
    });
    const both = [memory.page(physicalAddress(100)), memory.page(physicalAddress(200))];
    for (const page of both) await assert.rejects(page, /the line went dead/);
    const page = await memory.page(physicalAddress(100));
    assert.ok(page?.equals(bytes.subarray(0, 4096)));
    assert.equal(await memory.page(physicalAddress(300)), page, 'kept from now on');
    assert.equal(source.bytesRead, 4096);
  });

  it('reads around what cannot be read: a bad sector is a missing page', async () => {
    const builder = new RunListBuilder('test');
    builder.add(0x10000, 64 * 4096, 0);
    const bytes = Buffer.from(Uint8Array.from({ length: 64 * 4096 }, (_, at) => (at >> 8) | 1));
    class BadSector extends BufferSource {
      override read(target: Uint8Array, offset: number): Promise<number> {
        const bad = 5 * 4096 + 512;
        if (offset <= bad && offset + target.length > bad) {
          const cause = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
          return Promise.reject(new PoolTrackerError('SOURCE_UNREADABLE', 'cannot read disk', { cause }));
        }
        return super.read(target, offset);
      }
    }
    const unreadable = new Unreadable();
    const source = new BadSector(bytes);
    const image = { format: 'test', source, runs: builder.build(), hints: {}, unreadable, warnings: [] };
    const memory = new PhysicalMemory(image);
    const { bytes: read, whole } = await memory.read(physicalAddress(0x10000), 64 * 4096);
    assert.equal(whole, false);
    const expected = Buffer.from(bytes).fill(0, 5 * 4096, 6 * 4096);
    assert.ok(read.equals(expected));
    assert.equal(await memory.page(physicalAddress(0x15000)), null);
    assert.ok((await memory.page(physicalAddress(0x16000)))?.equals(bytes.subarray(6 * 4096, 7 * 4096)));
    assert.match(
      unreadable.warnings[0]!.message,
      /^1 page of the image cannot be read .* at 0x5000 .*cannot read disk$/,
    );
    // Carving passes over it likewise.
    const pages: number[] = [];
    const pool = new BufferPool(new ArrayBuffer(2 << 20), 0, 1 << 20, 2);
    for await (const { physicalAddress: start, bytes: stretch } of stretchesOf(image, pool)) {
      for (let at = 0; at < stretch.length; at += 4096) {
        pages.push(start! + at);
        assert.equal(stretch[at], bytes[start! + at - 0x10000]);
      }
      pool.release(stretch);
    }
    assert.deepEqual(
      pages,
      Array.from({ length: 64 }, (_, page) => 0x10000 + page * 4096).filter((page) => page !== 0x15000),
    );
  });
});
