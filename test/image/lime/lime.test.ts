import assert from 'node:assert/strict';
import { lime } from '../../../src/image/lime/lime.js';
import { openImage } from '../../../src/image/formats.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { limeBuffer } from '../../support/write/lime/lime.js';

describe('LiME', () => {
  const generated = sampleMemory();
  const { memory } = generated;

  it('reads ranges with gaps between them', async () => {
    const image = await openImage(new BufferSource(limeBuffer(generated)));
    assert.equal(image.format, 'lime');
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, memory.ranges);
  });

  it('leaves out what follows the last range, and says so', async () => {
    const image = await openImage(new BufferSource(Buffer.concat([limeBuffer(generated), Buffer.alloc(700)])));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-trailing-bytes'],
    );
    await expectMemory(image, memory, memory.ranges);
  });

  it('gives what a cut file still has', async () => {
    const file = limeBuffer(generated);
    const image = await openImage(new BufferSource(file.subarray(0, file.length - 0x1234)));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-cut'],
    );
    assert.equal(image.runs.end, 0x1900000 - 0x1234);
  });

  it('refuses a range that ends before it starts, one of another version, and ranges that overlap', async () => {
    const file = limeBuffer(generated);
    const second = 32 + 0xa0000;
    const refusesWith = async (message: RegExp): Promise<void> =>
      assert.rejects(openImage(new BufferSource(file)), { code: 'FORMAT_DAMAGED', message });
    file.writeBigUInt64LE(0x50000n, second + 8);
    file.writeBigUInt64LE(0xf4ffffn, second + 16);
    await refusesWith(/two runs claim/);
    file.writeBigUInt64LE(0x4ffffn, second + 16);
    await refusesWith(/before it starts/);
    file.writeUInt32LE(2, second + 4);
    await refusesWith(/version 2/);
  });

  it('survives hostile headers, cuts and a file of nothing but headers', async () => {
    const file = limeBuffer(generated);
    const second = 32 + 0xa0000;
    await survivesHostileFields(lime, file, [
      [4, 4],
      [8, 8],
      [16, 8],
      [second, 4],
      [second + 4, 4],
      [second + 8, 8],
      [second + 16, 8],
    ]);
    await survivesCuts(lime, file, [4, 31, 32, 33]);
    const many = Buffer.alloc(33 * 40_000);
    for (let range = 0; range < 40_000; range++) {
      file.copy(many, range * 33, 0, 8);
      many.writeBigUInt64LE(BigInt(range * 4096), range * 33 + 8);
      many.writeBigUInt64LE(BigInt(range * 4096), range * 33 + 16);
    }
    await assert.rejects(lime.open(new BufferSource(many)), {
      code: 'FORMAT_DAMAGED',
      message: /more than 16384 ranges/,
    });
  });
});
