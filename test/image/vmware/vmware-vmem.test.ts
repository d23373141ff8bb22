import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openImage } from '../../../src/image/formats.js';
import { openBytes, openSource } from '../../../src/source/open-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { hasProgram, run } from '../../support/run/programs.js';
import { lzopBuffer } from '../../support/write/lzop.js';
import { zip64 } from '../../support/write/zip.js';
import { zstdSeekable } from '../../support/sources/wrap.js';
import { vmemBuffer, vmwareStateBuffer } from '../../support/write/vmware.js';
import { rawBuffer } from '../../support/write/raw.js';

describe('VMware .vmem files', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vmem-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  for (const extension of ['vmss', 'vmsn']) {
    it(`finds the .${extension} file beside it`, async () => {
      await writeFile(join(folder, 'Windows 10.vmem'), vmemBuffer(generated));
      await writeFile(join(folder, `Windows 10.${extension}`), vmwareStateBuffer(generated));
      const image = await openImage(await openSource(join(folder, 'Windows 10.vmem')));
      assert.equal(image.format, 'vmware-vmem');
      assert.deepEqual(image.warnings, []);
      assert.deepEqual(
        image.hints.pageTableRoots?.map(({ address }) => address),
        [generated.truth.dtb],
      );
      await expectMemory(image, memory, memory.ranges);
      await image.source.close();
    });
  }

  /** By the ending: what makes one, and whether it is kept in a temporary file to be read here and there. */
  const WRAPPED: Readonly<
    Record<string, readonly [wrap: (bytes: Buffer) => Buffer, isSpooled: boolean, program?: string]>
  > = {
    zst: [(bytes) => zstdSeekable(bytes, 1 << 20), false, 'zstd'],
    xz: [(bytes) => run('xz', ['-c', '-0', '--block-size=1MiB'], bytes), false, 'xz'],
    zip: [(bytes) => zip64([{ name: 'Windows 10.vmem', bytes }]), false],
    gz: [(bytes) => gzipSync(bytes, { level: 1 }), true],
    'zip.gz': [(bytes) => gzipSync(zip64([{ name: 'Windows 10.vmem', bytes }]), { level: 1 }), true],
    lzo: [lzopBuffer, true],
    lzma: [(bytes) => run('xz', ['-c', '-0', '--format=lzma'], bytes), true, 'xz'],
    lz4: [(bytes) => run('lz4', ['-q', '-c'], bytes), true, 'lz4'],
    bz2: [(bytes) => run('bzip2', ['-c', '-1'], bytes), true, 'bzip2'],
  };

  for (const [ending, [wrap, isSpooled, program]] of Object.entries(WRAPPED)) {
    it(`finds it beside a compressed one: .vmem.${ending}`, async function () {
      if (program !== undefined && !hasProgram(program, '--help')) this.skip();
      const path = join(folder, `Windows 10.vmem.${ending}`);
      await writeFile(path, wrap(vmemBuffer(generated)));
      await writeFile(join(folder, 'Windows 10.vmss'), vmwareStateBuffer(generated));
      const source = await openBytes(path, () => Promise.resolve(false), isSpooled ? folder : undefined);
      assert.ok(!(source instanceof ByteStream));
      const image = await openImage(source);
      assert.deepEqual([image.format, image.warnings], ['vmware-vmem', []]);
      await expectMemory(image, memory, memory.ranges);
      await image.source.close();
    });
  }

  it('takes memory to lie in one piece when the companion lists no regions or is missing', async () => {
    const path = join(folder, 'a.vmem');
    await writeFile(path, rawBuffer(generated));
    for (const companion of [false, true]) {
      if (companion) await writeFile(join(folder, 'a.vmss'), vmwareStateBuffer(generated, { contiguous: true }));
      const image = await openImage(await openSource(path));
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, [[0, memory.byteLength]]);
      await image.source.close();
    }
  });

  it('warns of the PCI hole when more than 3 GiB come without a companion', async () => {
    const path = join(folder, 'large.vmem');
    await writeFile(path, rawBuffer(generated));
    await truncate(path, 4 * 2 ** 30);
    const image = await openImage(await openSource(path));
    assert.deepEqual(
      image.warnings.map((warning) => warning.code),
      ['image-companion-missing'],
    );
    assert.match(image.warnings[0]?.message ?? '', /PCI hole/);
    await image.source.close();
  });

  it('says what is wrong with a damaged companion', async () => {
    await writeFile(join(folder, 'a.vmem'), vmemBuffer(generated));
    await writeFile(join(folder, 'a.vmss'), vmwareStateBuffer(generated).subarray(0, 260));
    const source = await openSource(join(folder, 'a.vmem'));
    await assert.rejects(openImage(source), {
      code: 'FORMAT_DAMAGED',
      message: /a\.vmss is a damaged VMware state file/,
    });
    await source.close();
  });
});
