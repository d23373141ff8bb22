import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemoryImage } from '../../../src/image/image.js';
import { openImage } from '../../../src/image/formats.js';
import { openSource } from '../../../src/source/open-source.js';
import { readBytes } from '../../../src/source/source.js';
import { openScan } from '../../../src/scan/open-scan.js';
import { decodeScan } from '../../../src/scan/scan.js';
import { assertTotals } from '../../support/expect/generated-scan.js';
import { hasProgram } from '../../support/run/programs.js';
import { QEMU, QemuGuest } from '../../support/qemu/guest.js';
import { sampleMemory } from '../../support/images/sample-memory.js';

/** Containers that QEMU itself writes, of a machine whose memory is known. */
describe('files that QEMU writes', () => {
  const generated = sampleMemory();
  const { memory, truth } = generated;
  let folder: string;
  let guest: QemuGuest | undefined;

  beforeEach(async function () {
    if (!hasProgram(QEMU, '--version')) return this.skip();
    folder = await mkdtemp(join(tmpdir(), 'qemu-'));
  });

  afterEach(async () => {
    await guest?.stop();
    guest = undefined;
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function expectGuestMemory(path: string, format: string): Promise<MemoryImage> {
    const image = await openImage(await openSource(path));
    assert.equal(image.format, format);
    for (const [start, end] of memory.ranges) {
      const run = image.runs.at(image.runs.indexAt(start as never))!;
      assert.ok(run.start <= start && run.start + run.length >= end, `memory from ${start.toString(16)} is in one run`);
      const bytes = await readBytes(image.source, run.offset + start - run.start, end - start);
      assert.ok(bytes.equals(memory.read(start, end - start)), `the bytes from ${start.toString(16)}`);
    }
    await image.source.close();
    return image;
  }

  it('ELF cores and compressed kdumps, with the page table root of its processor', async () => {
    guest = await QemuGuest.start(generated, folder);
    const formats = await guest.dumpFormats();
    for (const dumpFormat of ['elf', 'kdump-zlib', 'kdump-lzo', 'kdump-snappy']) {
      if (!formats.includes(dumpFormat)) {
        console.log(`      skipped: this QEMU does not write ${dumpFormat}`);
        continue;
      }
      await guest.dump(join(folder, dumpFormat), dumpFormat);
      const { hints } = await expectGuestMemory(join(folder, dumpFormat), dumpFormat === 'elf' ? 'elf-core' : 'kdump');
      assert.deepEqual(hints.pageTableRoots, [{ address: truth.dtb, from: 'ELF note of processor 0' }]);
    }
  });

  it('dumps of a 64-bit system whose processors are in modes of fewer bits', async () => {
    guest = await QemuGuest.start(generated, folder, { isIdle: true, processors: 3 });
    const formats = await guest.dumpFormats();
    for (const dumpFormat of ['elf', 'kdump-zlib'].filter((name) => formats.includes(name))) {
      const path = join(folder, `idle-${dumpFormat}`);
      await guest.dump(path, dumpFormat);
      if (dumpFormat === 'elf') assert.equal((await readFile(path)).readUInt16LE(0x12), 3, 'x86, by its header');
      const scan = await openScan(path, { cache: false });
      const decoded = await decodeScan(scan).finally(() => scan.close());
      assert.equal(decoded.kernel.architecture, 'x64');
      assert.equal(decoded.kernel.processors, truth.tables.length);
      assert.deepEqual(decoded.warnings, []);
      assertTotals(decoded.totals, truth.merged, truth.entrySize);
    }
  });

  for (const machine of ['pc', 'q35'] as const) {
    it(`saved states of a ${machine} machine`, async () => {
      guest = await QemuGuest.start(generated, folder, { machine });
      await guest.saveState(join(folder, 'state'));
      await expectGuestMemory(join(folder, 'state'), 'qemu-savevm');
    });
  }
});
