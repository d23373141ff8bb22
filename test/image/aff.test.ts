import assert from 'node:assert/strict';
import { readFileSync, writeFileSync, rmSync, readdirSync } from 'node:fs';
import { aff } from '../../src/image/aff/aff.js';
import { partNameAfter } from '../../src/image/aff/part-names.js';
import { openImage } from '../../src/image/formats.js';
import type { MemoryImage } from '../../src/image/image.js';
import { openSource } from '../../src/source/open-source.js';
import { readBytes } from '../../src/source/source.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { expectLost, expectMemory } from '../support/expect/memory.js';
import type { RamRange } from '../support/generate/sparse-memory.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { hasProgram, run } from '../support/run/programs.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { affBuffer, affSegment, BAD_SECTOR } from '../support/write/evidence/aff.js';
import { rawBuffer } from '../support/write/raw.js';

const PAGE = 0x10000;

describe('AFF (version 3)', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const media = rawBuffer(generated);
  const whole: readonly RamRange[] = [[0, memory.byteLength]];
  const folder = temporaryFolder();
  const codes = ({ warnings }: MemoryImage): string[] => warnings.map(({ code }) => code);
  /** A page that holds something, neither the first nor the last; of those that are compressed, or stored. */
  const holding = (isStored: boolean): number => {
    for (let page = 1; ; page++) {
      const bytes = media.subarray(page * PAGE, (page + 1) * PAGE);
      if ((page % 3 === 0) === isStored && bytes.some((byte) => byte !== 0)) return page;
    }
  };
  const dataAt = (file: Buffer, name: string): number => file.indexOf(name) + name.length;

  it('reads pages by zlib, as they are, and of zeros, of a known size or not', async () => {
    for (const options of [{}, { hashes: ['md5', 'sha1', 'sha256'] as const }, { noSize: true }]) {
      const image = await openImage(new BufferSource(affBuffer(media, options)));
      assert.equal(image.format, 'aff');
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, whole);
    }
  });

  it('reads what affconvert writes, by zlib or as it is', async function () {
    if (!hasProgram('affconvert', '-V')) return this.skip();
    const raw = folder.path('memory.raw');
    writeFileSync(raw, media);
    for (const [name, ...options] of [['a'], ['b', '-s', '64k', '-X9'], ['c', '-x', '-s', '1m']]) {
      const path = folder.path(`${name}.aff`);
      run('affconvert', ['-q', ...options, '-o', path, raw]);
      const image = await openImage(await openSource(path));
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, whole);
      await image.source.close();
    }
  });

  it('reads the raw parts beside an .afm, and says which is missing', async function () {
    if (!hasProgram('affconvert', '-V')) return this.skip();
    const raw = folder.path('memory.raw');
    writeFileSync(raw, media);
    for (const [name, ...options] of [['split', '-M1m', '-s', '256k'], ['one']]) {
      const path = folder.path(`${name}.afm`);
      run('affconvert', ['-q', ...options, '-o', path, raw]);
      const image = await openImage(await openSource(path));
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, whole);
      await image.source.close();
    }
    rmSync(folder.path('split.002'));
    const image = await openImage(await openSource(folder.path('split.afm')));
    assert.deepEqual(codes(image), ['image-companion-missing', 'image-cut']);
    assert.match(image.warnings[0]!.message, /split\.002/);
    await expectMemory(image, memory, [
      [0, 2 << 20],
      [3 << 20, memory.byteLength],
    ]);
    await image.source.close();
  });

  it('reads the files of an .afd folder together, and says what one of them is', async function () {
    if (!hasProgram('affconvert', '-V')) return this.skip();
    const raw = folder.path('memory.raw');
    writeFileSync(raw, media);
    const path = folder.path('many.afd');
    run('affconvert', ['-q', '-x', '-M1m', '-s', '256k', '-o', path, raw]);
    assert.ok(readdirSync(path).length > 2);
    const image = await openImage(await openSource(path));
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, whole);
    await image.source.close();
    const part = await openImage(await openSource(`${path}/file_001.aff`));
    assert.deepEqual(codes(part), ['image-part', 'image-cut']);
    await part.source.close();
  });

  it('refuses LZMA and encrypted files by name', async function () {
    const file = affBuffer(media.subarray(0, PAGE));
    for (const [segment, message] of [
      [affSegment('page9', 0x21, Buffer.alloc(20)), /compressed with LZMA/],
      [affSegment('page9/aes256', 0, Buffer.alloc(20)), /it is encrypted/],
      [affSegment('affkey_aes256', 0, Buffer.alloc(52)), /it is encrypted/],
    ] as const)
      await assert.rejects(openImage(new BufferSource(Buffer.concat([file, segment]))), {
        code: 'FORMAT_REFUSED',
        message,
      });
    if (!hasProgram('affconvert', '-V')) return this.skip();
    writeFileSync(folder.path('small.raw'), media.subarray(0, 4 * PAGE));
    run('affconvert', ['-q', '-L', '-o', folder.path('lzma.aff'), folder.path('small.raw')]);
    const real = new BufferSource(readFileSync(folder.path('lzma.aff')));
    await assert.rejects(openImage(real), { code: 'FORMAT_REFUSED', message: /LZMA/ });
  });

  it('loses a page that does not match its hash or does not unpack, and no other', async () => {
    for (const [options, page, within] of [
      [{ hashes: ['md5'] }, holding(true), 77],
      [{ hashes: ['sha256'] }, holding(true), 77],
      [{}, holding(false), 5],
    ] as const) {
      const file = affBuffer(media, options);
      file[dataAt(file, `page${page}`) + within]! ^= 0x10;
      const image = await openImage(new BufferSource(file));
      await expectLost(image, memory, [[page * PAGE, (page + 1) * PAGE]]);
    }
  });

  it('counts pages that are not there, and sectors that could not be acquired, as missing', async () => {
    const image = await openImage(new BufferSource(affBuffer(media, { without: [2, 5] })));
    assert.deepEqual(codes(image), ['image-cut']);
    await expectMemory(image, memory, [
      [0, 2 * PAGE],
      [3 * PAGE, 5 * PAGE],
      [6 * PAGE, memory.byteLength],
    ]);
    const marked = Buffer.from(media);
    BAD_SECTOR.copy(marked, 3 * PAGE + 0x2200);
    const bad = await openImage(new BufferSource(affBuffer(marked)));
    await expectLost(bad, memory, [[3 * PAGE + 0x2000, 3 * PAGE + 0x3000]]);
    await assert.rejects(readBytes(bad.source, 3 * PAGE + 0x2204, 8), { message: /could not be acquired/ });
    assert.ok(
      (await readBytes(bad.source, 3 * PAGE + 0x21f8, 8)).equals(marked.subarray(3 * PAGE + 0x21f8, 3 * PAGE + 0x2200)),
    );
  });

  it('reads what stands before a damaged segment', async () => {
    const file = affBuffer(media);
    const page = dataAt(file, 'page7') - 5 - 16;
    file.write('BAD', page);
    const image = await openImage(new BufferSource(file));
    assert.deepEqual(codes(image), ['image-damaged']);
    await expectMemory(image, memory, [[0, 7 * PAGE]]);
  });

  it('survives hostile segments and cuts', async () => {
    const file = affBuffer(media.subarray(0, 5 * PAGE), { hashes: ['sha1'] });
    const head = (name: string): number => file.indexOf(name) - 16;
    await survivesHostileFields(
      aff,
      file,
      ['pagesize', 'page0', 'page1', 'imagesize', 'page1_sha1'].flatMap((name) => [
        [head(name) + 4, 4],
        [head(name) + 8, 4],
        [head(name) + 12, 4],
        [head(name) + 16 + name.length, 4],
        [head(name) + 20 + name.length, 4],
      ]),
      true,
    );
    await survivesCuts(aff, file, [8, 20, 600, file.length >> 1, file.length - 1]);
  });

  it('names raw parts as AFFLIB does', () => {
    assert.deepEqual(['000', '009', '999', 'A09', 'A0Z', 'AZZ', 'aa0', 'ZZZ'].map(partNameAfter), [
      '001',
      '010',
      'A00',
      'A0A',
      'A10',
      'B00',
      'aa1',
      null,
    ]);
  });
});
