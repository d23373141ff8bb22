import assert from 'node:assert/strict';
import { hibernation } from '../../src/image/hibernation/hibernation.js';
import { openImage } from '../../src/image/formats.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectMemory } from '../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { hibernation7Buffer, hibernationBuffer, HIBERNATION_LAYOUTS } from '../support/write/hibernation.js';
import { rangesOfFrames } from '../support/write/runs.js';

describe('hibernation files', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const written = rangesOfFrames(memory.writtenFrames());

  for (const layout of HIBERNATION_LAYOUTS) {
    it(`reads Windows 8 and later with a header of 0x${layout.toString(16)} bytes`, async () => {
      const image = await openImage(new BufferSource(hibernationBuffer(generated, layout)));
      assert.equal(image.format, 'hibernation');
      assert.deepEqual(image.hints.systemTime, generated.truth.systemTime);
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, written);
    });
  }

  it('tells it by its magic in any case', async () => {
    for (const magic of ['hibr', 'WAKE', 'wake']) {
      assert.equal(
        (await openImage(new BufferSource(hibernationBuffer(generated, 0x448, magic)))).format,
        'hibernation',
      );
    }
  });

  it('reads Windows 7, 64-bit and 32-bit, with several tables', async () => {
    for (const [wide, ranges] of [
      [true, 0xfe],
      [true, 7],
      [false, 11],
    ] as const) {
      await expectMemory(
        await openImage(new BufferSource(hibernation7Buffer(generated, wide, ranges))),
        memory,
        written,
      );
    }
  });

  it('gives what a cut file still has', async () => {
    for (const file of [hibernationBuffer(generated), hibernation7Buffer(generated, true, 9)]) {
      const whole = await openImage(new BufferSource(file));
      const cut = await openImage(new BufferSource(file.subarray(0, Math.floor(file.length * 0.7))));
      assert.deepEqual(
        cut.warnings.map((warning) => warning.code),
        ['image-cut'],
      );
      assert.ok(cut.runs.byteLength < whole.runs.byteLength && cut.runs.byteLength > 0);
    }
  });

  it('refuses a header that it does not know, such as a wiped one', async () => {
    const file = hibernationBuffer(generated);
    file.writeUInt32LE(0x123, 0xc);
    await assert.rejects(openImage(new BufferSource(file)), { code: 'FORMAT_REFUSED', message: /291 bytes/ });
  });

  it('survives hostile headers and cuts', async () => {
    const file = hibernationBuffer(generated);
    const boot = Number(file.readBigUInt64LE(0x68)) * 0x1000;
    const kernel = Number(file.readBigUInt64LE(0x70)) * 0x1000;
    await survivesHostileFields(hibernation, file, [
      [0xc, 4],
      [0x18, 4],
      [0x20, 8],
      [0x58, 8],
      [0x68, 8],
      [0x70, 8],
      [0x230, 8],
      [boot, 4],
      [boot + 4, 8],
      [kernel, 4],
      [kernel + 4, 8],
      [kernel + 12, 8],
    ]);
    await survivesCuts(hibernation, file, [4, 0xfff, 0x1000, boot + 2, boot + 5, boot + 100, kernel]);
    const old = hibernation7Buffer(generated);
    await survivesHostileFields(hibernation, old, [
      [0x3000, 8],
      [0x3008, 4],
      [0x3010, 8],
      [0x3018, 8],
      [0x3020, 8],
      [0x4000, 4],
      [0x4008, 4],
    ]);
    await survivesCuts(hibernation, old, [0x1000, 0x3fff, 0x4000, 0x4008, 0x4020, 0x5000]);
  });
});
