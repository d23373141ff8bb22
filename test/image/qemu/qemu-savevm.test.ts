import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import { qemuSavevm } from '../../../src/image/qemu/savevm.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { savevmBuffer } from '../../support/write/savevm.js';

describe('QEMU saved states', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const file = savevmBuffer(generated);

  it('reads pages, pages of one byte, and the last of those that were sent twice', async () => {
    const image = await openImage(new BufferSource(file));
    assert.equal(image.format, 'qemu-savevm');
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, [[0, memory.byteLength]]);
  });

  it('gives what a cut file still has', async () => {
    const image = await openImage(new BufferSource(file.subarray(0, Math.floor(file.length / 2))));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-cut'],
    );
    assert.ok(image.runs.byteLength > 0 && image.runs.byteLength < memory.byteLength);
  });

  it('refuses what it cannot undo', async () => {
    const xbzrle = Buffer.from(file);
    const pageRecord = xbzrle.indexOf(Buffer.from('pc.ram'), xbzrle.indexOf('pc.rom')) - 9;
    xbzrle.writeBigUInt64BE(0x40n, pageRecord);
    await assert.rejects(openImage(new BufferSource(xbzrle)), { code: 'FORMAT_REFUSED', message: /flags 0x40/ });
  });

  it('survives hostile headers and cuts', async () => {
    const ram = file.indexOf('\x03ram');
    const sizes = ram + 12;
    await survivesHostileFields(
      qemuSavevm,
      file,
      [
        [4, 4],
        [8, 1],
        [9, 4],
        [26, 1],
        [ram - 5, 1],
        [ram, 1],
        [sizes, 8],
        [sizes + 8, 1],
        [sizes + 15, 8],
        [sizes + 23, 1],
        [sizes + 30, 8],
        [sizes + 38, 8],
        [sizes + 46, 1],
        [sizes + 51, 1],
        [sizes + 56, 8],
      ],
      true,
    );
    await survivesCuts(qemuSavevm, file, [8, 12, 30, ram, sizes, sizes + 20, sizes + 60, sizes + 100]);
  });
});
