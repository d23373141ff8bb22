import assert from 'node:assert/strict';
import { crashDump32 } from '../../../src/image/crash-dump/crash-dump.js';
import { openImage } from '../../../src/image/formats.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { generateMemory } from '../../support/generate/memory.js';
import { crashDump32Buffer } from '../../support/write/crash-dump/crash-dump-32.js';
import { dumpRanges } from '../../support/write/crash-dump/crash-dump.js';
import { rangesOfFrames } from '../../support/write/runs.js';

describe('32-bit crash dumps', () => {
  const generated = generateMemory({ pageTables: 'x86-pae', memoryBytes: 16 << 20, tagCount: 60 });
  const { memory, truth } = generated;

  it('reads a full dump, with what its header says of the machine', async () => {
    const image = await openImage(new BufferSource(crashDump32Buffer(generated)));
    assert.equal(image.format, 'crash-dump-32');
    await expectMemory(image, memory, dumpRanges(memory.ranges));
    assert.deepEqual(image.hints, {
      architecture: 'x86',
      pageTableRoots: [{ address: truth.dtb, from: 'crash dump header' }],
      psLoadedModuleList: truth.variables.PsLoadedModuleList,
      kdDebuggerDataBlock: truth.kdbg?.address,
      systemTime: truth.systemTime,
      processors: 2,
      build: 7601,
    });
  });

  it('reads a bitmap dump', async () => {
    const image = await openImage(new BufferSource(crashDump32Buffer(generated, 5)));
    await expectMemory(image, memory, dumpRanges(rangesOfFrames(memory.writtenFrames())));
  });

  it('survives hostile headers and cuts', async () => {
    const full = crashDump32Buffer(generated);
    await survivesHostileFields(crashDump32, full, [
      [0x10, 4],
      [0x24, 4],
      [0x64, 4],
      [0x68, 4],
      [0x6c, 4],
      [0x70, 4],
      [0x74, 4],
      [0xf88, 4],
      [0x8a0, 4],
      [0xfc0, 8],
    ]);
    await survivesHostileFields(crashDump32, crashDump32Buffer(generated, 5), [
      [0x1000, 8],
      [0x1020, 8],
      [0x1028, 8],
      [0x1030, 8],
      [0x1038, 8],
    ]);
    await survivesCuts(crashDump32, full, [8, 0xfff, 0x1000, 0x1001]);
  });
});
