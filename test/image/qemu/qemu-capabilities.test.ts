import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openImage } from '../../../src/image/formats.js';
import type { MemoryImage } from '../../../src/image/image.js';
import { openSource } from '../../../src/source/open-source.js';
import { readBytes } from '../../../src/source/source.js';
import { same } from '../../support/expect/file-and-pipe.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { BUSY } from '../../support/qemu/boot-rom.js';
import { QEMU, QemuGuest, type QemuOptions } from '../../support/qemu/guest.js';
import { hasProgram } from '../../support/run/programs.js';

const MEMORY = 16 * 2 ** 20;
/** Where devices are, memory is not what a state says it is. */
const DEVICES = { from: 0xa0000, to: 0x100000 };

/** States that QEMU itself saves, with what changes their form. */
describe('states that QEMU saves with capabilities', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const written = memory.writtenFrames().length;
  let folder: string;
  let guest: QemuGuest | undefined;

  beforeEach(async function () {
    if (!hasProgram(QEMU, '--version')) return this.skip();
    folder = await mkdtemp(join(tmpdir(), 'qemu-capabilities-'));
  });

  afterEach(async () => {
    await guest?.stop();
    guest = undefined;
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  /** A machine, unless its QEMU has not these capabilities any more or not here. */
  async function started(
    start: Promise<QemuGuest>,
    capabilities: readonly string[],
    skip: () => void,
  ): Promise<QemuGuest> {
    guest = await start;
    try {
      const list = capabilities.map((capability) => ({ capability, state: true }));
      await guest.execute('migrate-set-capabilities', { capabilities: list });
    } catch (error) {
      console.log(`      skipped: ${String(error)}`);
      skip();
    }
    return guest;
  }

  async function saved(options: QemuOptions, capabilities: readonly string[], skip: () => void): Promise<Buffer> {
    const machine = await started(QemuGuest.start(generated, folder, options), capabilities, skip);
    if (capabilities.includes('dirty-bitmaps'))
      await machine.execute('block-dirty-bitmap-add', { node: 'disk', name: 'backup' });
    await machine.saveState(join(folder, 'state'), capabilities);
    return readFile(join(folder, 'state'));
  }

  async function expectPages(path: string, expected: Buffer): Promise<MemoryImage> {
    const image = await openImage(await openSource(path));
    assert.deepEqual(image.warnings, []);
    assert.equal(image.runs.byteLength, expected.length);
    for (const { start, length, offset } of image.runs) {
      for (const [from, to] of [
        [0, DEVICES.from],
        [DEVICES.to, expected.length],
      ] as const) {
        const [begin, end] = [Math.max(start, from), Math.min(start + length, to)];
        if (begin >= end) continue;
        const bytes = await readBytes(image.source, offset + begin - start, end - begin);
        assert.ok(bytes.equals(expected.subarray(begin, end)), `the bytes from ${begin.toString(16)}`);
      }
    }
    await image.source.close();
    return image;
  }

  /** What the machine was loaded with, from a file and through a pipe. */
  async function expectLoaded(state: Buffer): Promise<void> {
    await expectPages(join(folder, 'state'), memory.read(0, memory.byteLength));
    const answer = await same(state);
    assert.ok('pages' in answer && answer.pages.size > written / 2);
  }

  it('changes of pages (XBZRLE): the last version of each', async function () {
    const machine = await started(QemuGuest.startBusy(folder, MEMORY), ['xbzrle'], () => this.skip());
    const path = join(folder, 'state');
    const hot = (BUSY.to - BUSY.from) / 0x1000;
    await machine.saveBusyState(path, ['xbzrle'], (progress) => (progress['xbzrle-cache']?.pages ?? 0) > 2 * hot);
    await expectPages(path, await machine.memory(join(folder, 'memory'), MEMORY));
  });

  it('compressed pages, also with changes', async function () {
    await expectLoaded(await saved({}, ['compress'], () => this.skip()));
    await guest?.stop();
    const machine = await started(QemuGuest.startBusy(folder, MEMORY), ['compress', 'xbzrle'], () => this.skip());
    const path = join(folder, 'state');
    await machine.saveBusyState(path, ['compress', 'xbzrle'], ({ ram }) => (ram?.['dirty-sync-count'] ?? 0) > 4);
    await expectPages(path, await machine.memory(join(folder, 'memory'), MEMORY));
  });

  it('dirty bitmaps and the contents of disks among memory', async function () {
    const bitmap = ['-blockdev', 'null-co,node-name=disk,size=67108864'];
    await expectLoaded(await saved({ with: bitmap }, ['dirty-bitmaps'], () => this.skip()));
    await guest?.stop();
    const disk = ['-drive', 'driver=null-co,size=4M,id=disk,if=none,read-zeroes=on'];
    await expectLoaded(await saved({ with: disk }, ['block'], () => this.skip()));
  });

  it('a snapshot that is taken in the background', async function () {
    await expectLoaded(await saved({}, ['background-snapshot'], () => this.skip()));
  });

  it('memory that is shared is left out of it, and its file is named as the way out', async function () {
    await expectLoaded(await saved({}, ['x-ignore-shared'], () => this.skip()));
    await guest?.stop();
    const size = `${memory.byteLength / 2 ** 20}M`;
    const backing = `memory-backend-file,id=pc.ram,size=${size},mem-path=${join(folder, 'backing')},share=on`;
    const shared = { with: ['-object', backing, '-machine', 'memory-backend=pc.ram'] };
    const answer = await same(await saved(shared, ['x-ignore-shared'], () => this.skip()));
    assert.ok('code' in answer);
    assert.equal(answer.code, 'FORMAT_REFUSED');
    assert.match(answer.message, /its memory pc\.ram is shared with other programs and was left out of it/);
  });

  it('a volume that is longer than the state, as Proxmox keeps it', async function () {
    const state = await saved({}, ['release-ram', 'late-block-activate'], () => this.skip());
    for (const behind of [Buffer.alloc(1 << 20), state.subarray(0, 3 << 20)]) {
      const volume = Buffer.concat([state, behind]);
      await writeFile(join(folder, 'state'), volume);
      await expectLoaded(volume);
    }
  });
});
