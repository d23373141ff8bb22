import assert from 'node:assert/strict';
import { crashDump64 } from '../../../src/image/crash-dump/crash-dump.js';
import { openImage } from '../../../src/image/formats.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import type { RamRange } from '../../support/generate/sparse-memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { crashDumpBuffer, dumpRanges } from '../../support/write/crash-dump/crash-dump.js';
import { rdmpBuffer } from '../../support/write/crash-dump/rdmp.js';
import { rangesOfFrames } from '../../support/write/runs.js';

const DUMP_TYPE = 0xf98;
const ATTRIBUTES = 0x1050;

describe('64-bit crash dumps', () => {
  const generated = sampleMemory();
  const { memory, truth } = generated;
  const whole = (): RamRange[] => dumpRanges(memory.ranges);
  const written = (): RamRange[] => dumpRanges(rangesOfFrames(memory.writtenFrames()));

  it('reads a full dump, with what its header says of the machine', async () => {
    const image = await openImage(new BufferSource(crashDumpBuffer(generated)));
    assert.equal(image.format, 'crash-dump-64');
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, whole());
    assert.deepEqual(image.hints, {
      architecture: 'x64',
      pageTableRoots: [{ address: truth.dtb, from: 'crash dump header' }],
      psLoadedModuleList: truth.variables['PsLoadedModuleList'],
      kdDebuggerDataBlock: truth.kdbg?.address,
      systemTime: truth.systemTime,
      processors: truth.tables.length,
      build: 17763,
    });
  });

  for (const [dumpType, signature] of [
    [5, 'FDMP'],
    [5, 'SDMP'],
    [6, 'SDMP'],
    [6, 'FDMP'],
  ] as const) {
    it(`reads a bitmap dump of type ${dumpType} with a header ${signature}`, async () => {
      const kernel = await openImage(
        new BufferSource(crashDumpBuffer(generated, { dumpType, signature, pages: 'written' })),
      );
      await expectMemory(kernel, memory, written());
      const all = await openImage(new BufferSource(crashDumpBuffer(generated, { dumpType, signature, pages: 'all' })));
      await expectMemory(all, memory, whole());
    });
  }

  for (const dumpType of [8, 9, 10] as const) {
    it(`reads what a debugger's .dump writes, type ${dumpType}`, async () => {
      await expectMemory(await openImage(new BufferSource(rdmpBuffer(generated, { dumpType }))), memory, written());
    });
  }

  it('refuses the kinds that hold no map of memory, and says which', async () => {
    const dump = crashDumpBuffer(generated);
    for (const [type, says] of [
      [2, /DumpType 2/],
      [3, /header alone/],
      [4, /triage/],
    ] as const) {
      dump.writeUInt32LE(type, DUMP_TYPE);
      await assert.rejects(openImage(new BufferSource(dump, 'x.dmp')), { code: 'FORMAT_REFUSED', message: says });
    }
  });

  it('refuses an encrypted dump, but not one whose attributes were never filled in', async () => {
    const dump = crashDumpBuffer(generated, { attributes: 0x100 });
    await assert.rejects(openImage(new BufferSource(dump, 'x.dmp')), { code: 'FORMAT_REFUSED', message: /encrypted/ });
    dump.write('PAGE', ATTRIBUTES, 'latin1');
    await openImage(new BufferSource(dump));
    await openImage(new BufferSource(crashDumpBuffer(generated, { attributes: 0x10 })));
  });

  it('gives the memory that a cut dump still has, and says that it is cut', async () => {
    for (const dump of [
      crashDumpBuffer(generated),
      crashDumpBuffer(generated, { dumpType: 5 }),
      rdmpBuffer(generated),
    ]) {
      const image = await openImage(new BufferSource(dump.subarray(0, dump.length - 0x5800)));
      assert.deepEqual(
        image.warnings.map((warning) => warning.code),
        ['image-cut'],
      );
      assert.match(image.warnings[0]?.message ?? '', /22528 of/);
      const uncut = await openImage(new BufferSource(dump));
      assert.equal(image.runs.byteLength, uncut.runs.byteLength - 0x5800);
    }
  });

  it('refuses runs that overlap', async () => {
    const dump = crashDumpBuffer(generated);
    dump.writeBigUInt64LE(0x100n, 0x98);
    await assert.rejects(openImage(new BufferSource(dump)), { code: 'FORMAT_DAMAGED', message: /two runs claim/ });
  });

  it('survives hostile headers and cuts', async () => {
    const headers = [
      [0x88, 4],
      [0x90, 8],
      [0x98, 8],
      [0xa0, 8],
      [0xa8, 8],
      [DUMP_TYPE, 4],
      [0xfa8, 8],
      [0x10, 8],
      [0x34, 4],
    ] as const;
    const bitmap = [
      [0x2000, 4],
      [0x2020, 8],
      [0x2028, 8],
      [0x2030, 8],
      [0x2038, 8],
    ] as const;
    const rdmp = [
      [0x2004, 8],
      [0x2010, 8],
      [0x2018, 8],
      [0x2028, 8],
      [0x2030, 8],
      [0x2038, 8],
    ] as const;
    const full = crashDumpBuffer(generated);
    const bits = crashDumpBuffer(generated, { dumpType: 6 });
    await survivesHostileFields(crashDump64, full, headers);
    await survivesHostileFields(crashDump64, bits, bitmap);
    await survivesHostileFields(crashDump64, rdmpBuffer(generated), rdmp);
    await survivesHostileFields(crashDump64, rdmpBuffer(generated, { dumpType: 8 }), rdmp);
    await survivesCuts(crashDump64, full, [8, 0x1fff, 0x2000, 0x2001]);
    await survivesCuts(crashDump64, bits, [0x2000, 0x2037, 0x2040, 0x3000]);
  });
});
