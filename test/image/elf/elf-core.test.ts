import assert from 'node:assert/strict';
import { physicalAddress } from '../../../src/address.js';
import { elfCore } from '../../../src/image/elf/elf-core.js';
import { openImage } from '../../../src/image/formats.js';
import { readBytes } from '../../../src/source/source.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { assertTotals, walkBuffer } from '../../support/expect/generated-scan.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { generateMemory } from '../../support/generate/memory.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { elf32Buffer } from '../../support/write/elf/elf-32.js';
import { elfCoreBuffer } from '../../support/write/elf/elf-core.js';

/** Where the first PT_LOAD's program header begins: behind the ELF header and the PT_NOTE's. */
const FIRST_LOAD = 64 + 56;

describe('ELF cores', () => {
  const generated = sampleMemory();
  const { memory, truth } = generated;

  it('reads what QEMU writes, with the page table root of each processor', async () => {
    const other = 0x123000;
    const image = await openImage(new BufferSource(elfCoreBuffer(generated, { cr3: [truth.dtb, other, truth.dtb] })));
    assert.equal(image.format, 'elf-core');
    await expectMemory(image, memory, memory.ranges);
    assert.deepEqual(image.hints, {
      architecture: 'x64',
      pageTableRoots: [
        { address: truth.dtb, from: 'ELF note of processor 0' },
        { address: other, from: 'ELF note of processor 1' },
      ],
      processors: 3,
    });
  });

  it('takes the kind of its processors from all of them, not from the mode that the first one is in', async () => {
    const core = elfCoreBuffer(generated, { machine: 'x86', waiting: 2 });
    const image = await openImage(new BufferSource(core));
    assert.deepEqual(image.hints, {
      architecture: 'x64',
      pageTableRoots: [{ address: truth.dtb, from: 'ELF note of processor 2' }],
      processors: truth.tables.length,
    });
  });

  for (const [kind, options] of [
    ['x86 by its header, and some processors have started', { waiting: 1 }],
    ['x86 by its header, and none has', { waiting: 4, cr3: [] }],
    ['x86 by its header, without notes', { notes: 'none' }],
  ] as const) {
    it(`walks a 64-bit system that is ${kind}`, async () => {
      const decoded = await walkBuffer(elfCoreBuffer(generated, { machine: 'x86', ...options }));
      assert.equal(decoded.kernel.architecture, 'x64');
      assert.equal(decoded.kernel.processors, truth.tables.length);
      assert.deepEqual(decoded.warnings, []);
      assertTotals(decoded.totals, truth.merged, truth.entrySize);
    });
  }

  it('counts the processors that a system of before Windows 10 has started', async () => {
    const old = generateMemory({ memoryBytes: 24 * 2 ** 20, tagCount: 60, tableSlots: 128, layout: 40 });
    const decoded = await walkBuffer(elfCoreBuffer(old, { waiting: 3 }));
    assert.equal(decoded.kernel.processors, old.truth.tables.length);
    assert.deepEqual(decoded.warnings, []);
  });

  it('reads cores with VirtualBox notes and with none', async () => {
    for (const notes of ['virtualbox', 'none'] as const) {
      const image = await openImage(new BufferSource(elfCoreBuffer(generated, { notes })));
      await expectMemory(image, memory, memory.ranges);
      assert.equal(image.hints.pageTableRoots, undefined);
    }
  });

  it('takes the virtual address where every physical one is 0', async () => {
    const image = await openImage(new BufferSource(elfCoreBuffer(generated, { addressIn: 'vaddr' })));
    await expectMemory(image, memory, memory.ranges);
  });

  it('reads 32-bit cores, and the number of segments from the first section where they are many', async () => {
    for (const countInSection of [false, true]) {
      const image = await openImage(new BufferSource(elf32Buffer(generated, { countInSection })));
      assert.equal(image.hints.architecture, 'x86');
      await expectMemory(image, memory, memory.ranges);
    }
  });

  it('reads zeros where a segment is longer in memory than in the file', async () => {
    const core = elf32Buffer(generated, { zeroTails: true });
    assert.ok(core.length < memory.ranges.reduce((sum, [start, end]) => sum + end - start, 0) - 0x1000);
    const image = await openImage(new BufferSource(core));
    assert.deepEqual(image.warnings, []);
    for (const [start, end] of memory.ranges) {
      for (let address = start; address < end;) {
        const run = image.runs.find(physicalAddress(address));
        assert.ok(run !== undefined, address.toString(16));
        const bytes = await readBytes(image.source, run.offset + address - run.start, run.start + run.length - address);
        assert.ok(bytes.equals(memory.read(address, bytes.length)), address.toString(16));
        address += bytes.length;
      }
    }
  });

  it('gives what a cut core still has', async () => {
    const core = elfCoreBuffer(generated);
    const image = await openImage(new BufferSource(core.subarray(0, core.length - 0x1000)));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-cut'],
    );
    assert.equal(image.runs.end, 0x1900000 - 0x1000);
  });

  it('survives hostile headers and cuts', async () => {
    const core = elfCoreBuffer(generated);
    const notesAt = Number(core.readBigUInt64LE(64 + 8));
    await survivesHostileFields(elfCore, core, [
      [4, 1],
      [0x12, 2],
      [0x20, 8],
      [0x28, 8],
      [0x36, 2],
      [0x38, 2],
      [0x3a, 2],
      [0x3c, 2],
      [64, 4],
      [64 + 8, 8],
      [64 + 32, 8],
      [FIRST_LOAD, 4],
      [FIRST_LOAD + 8, 8],
      [FIRST_LOAD + 24, 8],
      [FIRST_LOAD + 32, 8],
      [FIRST_LOAD + 40, 8],
      [notesAt, 4],
      [notesAt + 4, 4],
      [notesAt + 8, 4],
    ]);
    const narrow = elf32Buffer(generated, { zeroTails: true, countInSection: true });
    await survivesHostileFields(elfCore, narrow, [
      [28, 4],
      [32, 4],
      [42, 2],
      [44, 2],
      [46, 2],
      [48, 2],
      [52, 4],
      [56, 4],
      [64, 4],
      [68, 4],
      [72, 4],
      [52 + 96 + 28, 4],
    ]);
    await survivesCuts(elfCore, core, [5, 16, 63, 64, 100, 200, notesAt, notesAt + 5]);
  });
});
