import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { PoolTrackerError } from '../../../src/errors.js';
import { openBytes } from '../../../src/source/open-source.js';
import { readBytes } from '../../../src/source/source.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { hasProgram } from '../../support/run/programs.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { zipOf } from '../../support/sources/wrap.js';

const IMAGE = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
const NOTES = Buffer.from('taken on a Tuesday\n');

const FORMATS = ['gnu', 'posix', 'ustar'] as const;

describe('archives of one image', () => {
  const folder = temporaryFolder();
  let made = 0;

  function tarOf(files: Readonly<Record<string, Buffer>>, ...options: string[]): Buffer {
    const root = folder.path(`tar-${made++}`);
    for (const [name, bytes] of Object.entries(files)) {
      mkdirSync(dirname(`${root}/in/${name}`), { recursive: true });
      writeFileSync(`${root}/in/${name}`, bytes);
    }
    const ran = spawnSync('tar', ['-cf', `${root}/out.tar`, ...options, '-C', `${root}/in`, ...Object.keys(files)]);
    assert.equal(ran.status, 0, String(ran.stderr));
    return readFileSync(`${root}/out.tar`);
  }

  async function read(bytes: Buffer): Promise<{ content: Buffer; isStream: boolean }> {
    const path = folder.path(`archive-${made++}`);
    writeFileSync(path, bytes);
    const opened = await openBytes(path, () => Promise.resolve(false));
    try {
      if (!(opened instanceof ByteStream))
        return { content: await readBytes(opened, 0, opened.byteLength + 1), isStream: false };
      const pieces: Buffer[] = [];
      for await (const piece of opened.reader.rest()) pieces.push(Buffer.from(piece));
      return { content: Buffer.concat(pieces), isStream: true };
    } finally {
      await opened.close();
    }
  }

  const refused = (message: RegExp) => (error: PoolTrackerError) => {
    assert.equal(error.code, 'FORMAT_REFUSED', error.message);
    assert.match(error.message, message);
    return true;
  };

  describe('tar', () => {
    before(function () {
      if (!hasProgram('tar', '--version')) this.skip();
    });

    for (const format of FORMATS) {
      it(`reads the image here and there: ${format}`, async () => {
        const long = `${'long/'.repeat(format === 'ustar' ? 8 : 40)}memory.raw`;
        for (const name of ['memory.raw', long]) {
          const { content, isStream } = await read(tarOf({ [name]: IMAGE }, `--format=${format}`));
          assert.ok(content.equals(IMAGE), name);
          assert.equal(isStream, false);
        }
      });
    }

    it('reads the only image beside notes, in the order that they come', async () => {
      for (const files of [
        { 'notes.txt': NOTES, 'a/memory.vmem': IMAGE },
        { 'a/memory.vmem': IMAGE, 'notes.txt': NOTES },
        { 'a/large.log': Buffer.alloc(200_000, 'log '), 'memory.dmp': IMAGE },
      ] as Readonly<Record<string, Buffer>>[])
        assert.ok((await read(tarOf(files))).content.equals(IMAGE), Object.keys(files).join());
    });

    it('lists several, and says what to do with none', async () => {
      await assert.rejects(
        read(tarOf({ 'one.raw': IMAGE, 'two.raw': IMAGE })),
        refused(/it holds 2 files that can be images: "one.raw", "two.raw"/),
      );
      await assert.rejects(read(tarOf({ 'a.txt': NOTES, 'b.txt': NOTES })), {
        code: 'NOT_AN_IMAGE',
        message: /holds no file that can be a memory image$/,
      });
    });

    it('reads a tar archive in a gzip stream as a stream, and a gzip stream in a tar archive', async () => {
      const { content, isStream } = await read(gzipSync(tarOf({ 'notes.txt': NOTES, 'memory.raw': IMAGE })));
      assert.ok(content.equals(IMAGE));
      assert.equal(isStream, true);
      assert.ok((await read(tarOf({ 'memory.raw.gz': gzipSync(IMAGE) }))).content.equals(IMAGE));
      await assert.rejects(read(gzipSync(tarOf({ 'one.raw': IMAGE, 'two.raw': IMAGE }))), refused(/can be images/));
    });

    it('refuses a sparse member by name', async function () {
      const root = folder.path('sparse');
      mkdirSync(root);
      writeFileSync(`${root}/head`, '');
      spawnSync('truncate', ['-s', '1M', `${root}/memory.raw`]);
      spawnSync('tar', ['-cSf', `${root}/out.tar`, '-C', root, 'memory.raw']);
      const bytes = readFileSync(`${root}/out.tar`);
      // A file system without holes stores it whole, and so does tar.
      if (bytes.length >= 1 << 20) this.skip();
      await assert.rejects(read(bytes), refused(/"memory.raw" is stored sparse/));
    });

    it('refuses a size that is none', async () => {
      for (const size of ['-512', 'many', '1.5', '1e30']) {
        const record = (length: number): string => `${length} size=${size}\n`;
        const text = Buffer.from(record(record(10).length));
        const bytes = tarOf({ 'memory.raw': IMAGE });
        const header = Buffer.from(bytes.subarray(0, 512));
        header.write('x', 156);
        header.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124);
        header.fill(' ', 148, 156);
        header.write(
          header
            .reduce((sum, byte) => sum + byte, 0)
            .toString(8)
            .padStart(6, '0'),
          148,
        );
        const block = Buffer.alloc(512);
        text.copy(block);
        await assert.rejects(read(Buffer.concat([header, block, bytes])), { code: 'FORMAT_DAMAGED' }, size);
      }
    });

    it('says where an archive is cut', async () => {
      const bytes = tarOf({ 'memory.raw': IMAGE });
      await assert.rejects(read(bytes.subarray(0, 100_000)), { code: 'FORMAT_DAMAGED' });
      await assert.rejects(read(gzipSync(bytes.subarray(0, 100_000))), { code: 'FORMAT_DAMAGED' });
    });
  });

  describe('zip', () => {
    before(function () {
      if (!hasProgram('zip', '-v')) this.skip();
    });

    it('reads a stored image here and there, a deflated one as a stream', async () => {
      const stored = await read(zipOf({ 'notes.txt': NOTES, 'memory.raw': IMAGE }, ['-0']));
      assert.deepEqual([stored.isStream, stored.content.equals(IMAGE)], [false, true]);
      const deflated = await read(zipOf({ 'notes.txt': NOTES, 'memory.raw': IMAGE }));
      assert.deepEqual([deflated.isStream, deflated.content.equals(IMAGE)], [true, true]);
    });

    it('reads bzip2 in it', async function () {
      const bytes = zipOf({ 'memory.raw': IMAGE }, ['-Z', 'bzip2']);
      // A zip that was built without it deflates.
      if (bytes.readUInt16LE(8) !== 12) this.skip();
      assert.ok((await read(bytes)).content.equals(IMAGE));
    });

    it('names the methods that it does not read', async () => {
      for (const [method, name] of [
        [6, 'Implode'],
        [98, 'PPMd'],
      ] as const) {
        const other = zipOf({ 'memory.raw': IMAGE });
        other.writeUInt16LE(method, 8);
        await assert.rejects(read(other), refused(new RegExp(`"memory.raw" is compressed by ${name}$`)));
      }
    });

    it('goes through three wrappers and no more', async () => {
      let bytes = IMAGE;
      for (let depth = 0; depth < 3; depth++) bytes = gzipSync(bytes);
      assert.ok((await read(bytes)).content.equals(IMAGE));
      await assert.rejects(read(gzipSync(bytes)), refused(/compressed more than 3 times over/));
    });
  });
});
