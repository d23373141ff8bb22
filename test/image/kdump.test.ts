import assert from 'node:assert/strict';
import { kdump } from '../../src/image/kdump/kdump.js';
import { openImage } from '../../src/image/formats.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectLost, expectMemory } from '../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { flattened, kdumpBuffer } from '../support/write/kdump.js';
import { rangesOfFrames } from '../support/write/runs.js';

const DESCRIPTORS = 0x4000;

describe('compressed kdump', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const written = rangesOfFrames(memory.writtenFrames());
  const file = kdumpBuffer(generated, { pages: 'written' });

  for (const method of ['zlib', 'lzo', 'snappy', 'zstd', 'stored'] as const) {
    it(`reads pages compressed with ${method}`, async () => {
      const image = await openImage(new BufferSource(kdumpBuffer(generated, { method, pages: 'written' })));
      assert.equal(image.format, 'kdump');
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, written);
    });
  }

  it('reads pages that share their data, and headers of 32 bits', async () => {
    await expectMemory(
      await openImage(new BufferSource(kdumpBuffer(generated, { method: 'snappy' }))),
      memory,
      memory.ranges,
    );
    await expectMemory(
      await openImage(new BufferSource(kdumpBuffer(generated, { narrow: true, pages: 'written' }))),
      memory,
      written,
    );
  });

  it('reads the flattened form, in which a later record replaces an earlier one', async () => {
    await expectMemory(await openImage(new BufferSource(flattened(file))), memory, written);
  });

  for (const method of ['zlib', 'lzo', 'snappy', 'zstd'] as const) {
    it(`loses only the page whose ${method} data do not unpack`, async () => {
      const damaged = kdumpBuffer(generated, { method, pages: 'written' });
      // The descriptor of the sixth page: half of its data is gone.
      const at = DESCRIPTORS + 5 * 24 + 8;
      damaged.writeUInt32LE(damaged.readUInt32LE(at) >> 1, at);
      const image = await openImage(new BufferSource(damaged));
      const page = memory.writtenFrames()[5]! * 0x1000;
      await expectLost(image, memory, [[page, page + 0x1000]]);
    });
  }

  it('opens without reading the pages', async () => {
    const source = new BufferSource(kdumpBuffer(generated, { method: 'stored', pages: 'written' }));
    const image = await openImage(source);
    await image.source.read(Buffer.alloc(0x1000), 0);
    assert.ok(source.bytesRead < source.byteLength / 3, `${source.bytesRead} of ${source.byteLength} bytes`);
  });

  it('survives hostile headers and cuts', async () => {
    await survivesHostileFields(kdump, file, [
      [8, 4],
      [428, 4],
      [432, 4],
      [436, 4],
      [440, 4],
      [0x1000 + 96, 8],
      [0x1000 + 48, 8],
      [0x1000 + 56, 8],
      [0x3000, 8],
      [DESCRIPTORS, 8],
      [DESCRIPTORS + 8, 4],
      [DESCRIPTORS + 12, 4],
    ]);
    await survivesCuts(kdump, file, [8, 464, 0x1000, 0x1060, 0x3000, DESCRIPTORS, DESCRIPTORS + 30]);
    const flat = flattened(file);
    await survivesHostileFields(
      kdump,
      flat,
      [
        [0x1000, 8],
        [0x1008, 8],
        [0x1010 + 0x3333, 8],
        [0x1018 + 0x3333, 8],
      ],
      true,
    );
    await survivesCuts(kdump, flat, [12, 0x1000, 0x1008, 0x1010, 0x1100, flat.length - 0x3000]);
  });
});
