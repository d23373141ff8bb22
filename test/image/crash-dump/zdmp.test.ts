import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import { zdmp } from '../../../src/image/crash-dump/zdmp.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { crashDumpBuffer, dumpRanges } from '../../support/write/crash-dump/crash-dump.js';
import { crashDump32Buffer } from '../../support/write/crash-dump/crash-dump-32.js';
import { zdmpBuffer } from '../../support/write/crash-dump/zdmp.js';

describe('ZDMP', () => {
  const generated = sampleMemory();
  const ranges = dumpRanges(generated.memory.ranges);
  const file = zdmpBuffer(crashDumpBuffer(generated));

  it('reads the crash dump inside, of either width', async () => {
    for (const zipped of [file, zdmpBuffer(crashDump32Buffer(generated), 0x3000)]) {
      const image = await openImage(new BufferSource(zipped));
      assert.equal(image.format, 'zdmp');
      assert.ok(image.hints.pageTableRoots !== undefined);
      await expectMemory(image, generated.memory, ranges);
    }
  });

  it('gives what a cut file still has', async () => {
    const image = await openImage(new BufferSource(file.subarray(0, file.length - 3000)));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-cut'],
    );
  });

  it('survives hostile headers and cuts', async () => {
    await survivesHostileFields(zdmp, file, [
      [8, 8],
      [0x10, 4],
      [0x16, 2],
      [0x1000, 4],
      [0x1004, 4],
      [0x100c, 2],
      [0x1010, 4],
    ]);
    await survivesCuts(zdmp, file, [4, 0xfff, 0x1000, 0x100b, 0x1010, 0x3000]);
  });
});
