import assert from 'node:assert/strict';
import fc from 'fast-check';
import { physicalAddress } from '../../src/address.js';
import { RunListBuilder } from '../../src/image/run-list.js';
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
  const image = { format: 'test', source: new BufferSource(bytes), runs: builder.build(), hints: {}, warnings: [] };
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
    const memory = new PhysicalMemory({ format: 'test', source, runs: builder.build(), hints: {}, warnings: [] });
    const both = [memory.page(physicalAddress(100)), memory.page(physicalAddress(200))];
    for (const page of both) await assert.rejects(page, /the line went dead/);
    const page = await memory.page(physicalAddress(100));
    assert.ok(page?.equals(bytes.subarray(0, 4096)));
    assert.equal(await memory.page(physicalAddress(300)), page, 'kept from now on');
    assert.equal(source.bytesRead, 4096);
  });
});
