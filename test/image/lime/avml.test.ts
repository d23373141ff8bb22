import assert from 'node:assert/strict';
import { avml } from '../../../src/image/lime/avml.js';
import { openImage } from '../../../src/image/formats.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { avmlBuffer } from '../../support/write/lime/avml.js';

/** The first frame: behind the range's header and the stream's identifier. */
const FIRST_FRAME = 32 + 10;

describe('AVML', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const file = avmlBuffer(generated);

  it('reads ranges of compressed, stored and padding frames', async () => {
    const image = await openImage(new BufferSource(file));
    assert.equal(image.format, 'avml');
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, memory.ranges);
  });

  it('gives what a cut file still has', async () => {
    const image = await openImage(new BufferSource(file.subarray(0, file.length - 5000)));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-cut'],
    );
    assert.ok(image.runs.end > 0x1800000 && image.runs.end < 0x1900000);
  });

  it('survives hostile headers, cuts and frames that hold nothing', async () => {
    await survivesHostileFields(avml, file, [
      [4, 4],
      [8, 8],
      [16, 8],
      [FIRST_FRAME, 4],
      [FIRST_FRAME + 9, 4],
      [FIRST_FRAME + 17, 2],
    ]);
    await survivesCuts(avml, file, [4, 31, 32, 40, 45, 60, 200]);
    const frames = Buffer.concat([
      file.subarray(0, 32),
      Buffer.alloc(4 * 100_000, Buffer.of(0xfe, 0, 0, 0)),
      Buffer.alloc(64),
    ]);
    await assert.rejects(avml.open(new BufferSource(frames)), { code: 'FORMAT_DAMAGED', message: /frames in a row/ });
  });
});
