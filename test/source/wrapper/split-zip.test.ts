import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { keepsWrapper } from '../../../src/image/formats.js';
import { listImages } from '../../../src/dataset/images/images.js';
import { openBytes } from '../../../src/source/open-source.js';
import { readBytes } from '../../../src/source/source.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { detectWrapper, unwrap } from '../../../src/source/wrapper/wrappers.js';
import { hasProgram, run } from '../../support/run/programs.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { zipOf } from '../../support/sources/wrap.js';
import { elfCoreBuffer } from '../../support/write/elf/elf-core.js';

/** Bytes that do not compress, so that several parts are needed. */
const IMAGE = Buffer.from(
  Uint8Array.from({ length: 400_000 }, (_, index) => (Math.imul(index, 2654435761) ^ (index * index)) >>> 21),
);

describe('zip archives in parts and behind programs', () => {
  const folder = temporaryFolder();
  let made = 0;

  /** Runs a program in a new folder with the image in it. @returns the folder */
  function archived(command: string, ...args: string[]): string {
    const path = folder.path(`zip-${made++}`);
    mkdirSync(path);
    writeFileSync(`${path}/memory.raw`, IMAGE);
    const ran = spawnSync(command, args, { cwd: path });
    assert.equal(ran.status, 0, String(ran.stderr));
    rmSync(`${path}/memory.raw`);
    return path;
  }

  async function read(path: string): Promise<{ content: Buffer; warnings: string[]; isStream: boolean }> {
    const opened = await openBytes(path, keepsWrapper);
    try {
      const pieces: Buffer[] = [];
      if (opened instanceof ByteStream) for await (const piece of opened.reader.rest()) pieces.push(Buffer.from(piece));
      else pieces.push(await readBytes(opened, 0, opened.byteLength));
      const warnings = (opened.warnings ?? []).map(({ code }) => code);
      return { content: Buffer.concat(pieces), warnings, isStream: opened instanceof ByteStream };
    } finally {
      await opened.close();
    }
  }

  describe('by zip', () => {
    before(function () {
      if (!hasProgram('zip', '-v')) this.skip();
    });

    for (const [title, level] of [
      ['deflated', '-1'],
      ['stored', '-0'],
    ] as const)
      it(`are read whichever part is named: ${title}`, async () => {
        const path = archived('zip', '-q', level, '-s', '100k', 'out.zip', 'memory.raw');
        for (const name of ['out.zip', 'out.z01', 'out.z02']) {
          const { content, warnings, isStream } = await read(`${path}/${name}`);
          assert.ok(content.equals(IMAGE), name);
          assert.deepEqual([warnings, isStream], [['image-joined'], level !== '-0']);
        }
        const listed = await listImages([path], { input: Readable.from([]) });
        assert.deepEqual(
          listed.map(({ location }) => location),
          [`${path}/out.zip`],
        );
        // From a pipe, one part behind the other.
        const names = readdirSync(path).sort();
        const all = Buffer.concat(names.map((name) => readFileSync(`${path}/${name}`)));
        const pieces: Uint8Array[] = [];
        for await (const piece of unwrap(detectWrapper(all.subarray(0, 512))!, Readable.from([all]), 'piped'))
          pieces.push(piece);
        assert.ok(Buffer.concat(pieces).equals(IMAGE));
      });

    it('say which part is missing', async () => {
      const path = archived('zip', '-q', '-s', '100k', 'out.zip', 'memory.raw');
      const parts = readdirSync(path);
      assert.ok(parts.length >= 4, parts.join());
      const refused = (message: RegExp): object => ({ code: 'FORMAT_REFUSED', message });
      rmSync(`${path}/out.z02`);
      await assert.rejects(
        read(`${path}/out.z01`),
        refused(/it is number 1 of the parts .* out\.z02 is not beside it$/),
      );
      await assert.rejects(
        read(`${path}/out.zip`),
        refused(/it is the last of the parts .* out\.z02 is not beside it$/),
      );
      rmSync(`${path}/out.zip`);
      await assert.rejects(read(`${path}/out.z01`), refused(/number 1 of the parts .* out\.zip is not beside it$/));
      // Under another name it still says what it is.
      copyFileSync(`${path}/out.z01`, `${path}/memory`);
      await assert.rejects(read(`${path}/memory`), /it may be cut short, or the first of several parts$/);
    });

    it('are read behind a program, whether their offsets count it or not', async () => {
      for (const level of ['-0', '-6']) {
        const path = archived('zip', '-q', level, 'out.zip', 'memory.raw');
        const program = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(70_000, 'program ')]);
        writeFileSync(`${path}/setup.exe`, Buffer.concat([program, readFileSync(`${path}/out.zip`)]));
        for (const adjusted of [false, true]) {
          if (adjusted) assert.equal(spawnSync('zip', ['-q', '-A', `${path}/setup.exe`]).status, 0);
          const { content, isStream } = await read(`${path}/setup.exe`);
          assert.ok(content.equals(IMAGE), `${level} ${adjusted}`);
          assert.equal(isStream, level !== '-0');
        }
      }
    });

    it('are damaged where the directory is not where the end says, also by a byte', async () => {
      const whole = zipOf({ 'memory.raw': IMAGE }, ['-0']);
      const end = whole.lastIndexOf('PK\x05\x06');
      for (const more of [1, 5, 1000]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt32LE(bytes.readUInt32LE(end + 16) + more, end + 16);
        const path = folder.path(`moved-${more}.zip`);
        writeFileSync(path, bytes);
        await assert.rejects(read(path), { code: 'FORMAT_DAMAGED', message: /would lie \d+ bytes before the file/ });
      }
    });

    it('are no archive at the end of a core: what memory holds there is memory', async () => {
      const core = elfCoreBuffer(sampleMemory());
      const archive = zipOf({ 'memory.raw': IMAGE.subarray(0, 70_000) });
      const bytes = Buffer.concat([core.subarray(0, core.length - archive.length), archive]);
      const path = folder.path('memory.elf');
      writeFileSync(path, bytes);
      const { content, isStream } = await read(path);
      assert.ok(!isStream && content.equals(bytes));
    });

    it('of ZIP64 keep the number of their part elsewhere', async () => {
      const bytes = Buffer.from(zipOf({ 'memory.raw': IMAGE }));
      const end = bytes.lastIndexOf('PK\x05\x06');
      bytes.writeUInt32LE(0xffffffff, end + 4);
      const path = folder.path('wide.zip');
      writeFileSync(path, bytes);
      assert.ok((await read(path)).content.equals(IMAGE));
    });

    it('are programs where they hold no single image', async () => {
      const program = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(70_000, 'program ')]);
      for (const files of [{ 'a.raw': IMAGE, 'b.raw': IMAGE }, { 'a.txt': Buffer.from('notes') }] as Readonly<
        Record<string, Buffer>
      >[]) {
        const bytes = Buffer.concat([program, zipOf(files)]);
        const path = folder.path(`program-${made++}.exe`);
        for (const one of [bytes, bytes.subarray(0, -30), program]) {
          writeFileSync(path, one);
          assert.ok((await read(path)).content.equals(one));
        }
      }
    });
  });

  describe('by 7-Zip and split', () => {
    it('are joined by their numbers: .zip.001', async function () {
      if (!hasProgram('7z', 'i')) return this.skip();
      for (const method of ['Copy', 'Deflate64']) {
        const path = archived('7z', 'a', '-bd', '-tzip', `-mm=${method}`, '-v100k', 'out.zip', 'memory.raw');
        assert.ok(readdirSync(path).length > 1);
        const { content, warnings } = await read(`${path}/out.zip.001`);
        assert.ok(content.equals(IMAGE));
        assert.deepEqual(warnings, ['image-joined']);
      }
    });

    for (const [ending, command, ...args] of [
      ['gz', 'gzip', '-c'],
      ['xz', 'xz', '-c', '-0'],
      ['zst', 'zstd', '-q', '-c'],
    ] as const)
      it(`are joined before they are unwrapped: .${ending}.001`, async function () {
        if (!hasProgram(command, '--version')) return this.skip();
        const packed = run(command, args, IMAGE);
        const path = folder.path(`split-${made++}`);
        mkdirSync(path);
        for (let part = 0; part * 100_000 < packed.length; part++)
          writeFileSync(
            `${path}/memory.raw.${ending}.00${part + 1}`,
            packed.subarray(part * 100_000, (part + 1) * 100_000),
          );
        assert.ok((await read(`${path}/memory.raw.${ending}.001`)).content.equals(IMAGE));
      });
  });
});
