import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { crc32 } from '../../src/codec/crc32.js';
import { openXxh32 } from '../../src/codec/xxh32.js';
import { PoolTrackerError } from '../../src/errors.js';
import { ByteStream } from '../../src/source/stream/byte-stream.js';
import { readBytes } from '../../src/source/source.js';
import { spool } from '../../src/source/local/spool.js';
import { detectWrapper, unwrap } from '../../src/source/wrapper/wrappers.js';
import { streamTail } from '../../src/source/wrapper/xz/block-index.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { u16, u32, u64 } from '../support/encode/bytes.js';
import { sweep } from '../support/lanes/property.js';
import { run } from '../support/run/programs.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { canWrap, WRAP_CASES, zstdSeekable } from '../support/sources/wrap.js';

const MIB = 2 ** 20;
const TIB = 2 ** 40;
const MAX_MEMORY = 300 * MIB;

async function unwrapped(bytes: Uint8Array): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of unwrap(detectWrapper(bytes)!, new BufferSource(bytes), 'hostile')) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Unwraps up to `most` bytes, whole pieces, and asserts that work and memory stay within bounds. */
async function drained(bytes: Uint8Array, most = 8 * MIB): Promise<number> {
  const before = process.memoryUsage.rss();
  const source = new BufferSource(bytes);
  let length = 0;
  let memory = 0;
  try {
    for await (const piece of unwrap(detectWrapper(bytes)!, source, 'hostile')) {
      length += piece.length;
      assert.ok(piece.length <= 8 * MIB, `a piece of ${piece.length} bytes`);
      memory = Math.max(memory, process.memoryUsage.rss() - before);
      if (length >= most) break;
    }
  } finally {
    memory = Math.max(memory, process.memoryUsage.rss() - before);
    assert.ok(source.bytesRead <= bytes.length, `${source.bytesRead} of ${bytes.length} bytes were read`);
    assert.ok(source.reads <= bytes.length + 1, `${source.reads} reads of ${bytes.length} bytes`);
    assert.ok(memory < MAX_MEMORY, `${memory} bytes of memory`);
  }
  return length;
}

async function fails(bytes: Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(drained(bytes), (error: unknown) => {
    assert.ok(error instanceof PoolTrackerError, String(error));
    assert.ok(['FORMAT_DAMAGED', 'FORMAT_REFUSED'].includes(error.code));
    assert.match(error.message, message);
    assert.match(error.message, /^hostile( is an? | \([^)]+\) )[^\n]+$/);
    return true;
  });
}

function zstdFrame(header: readonly number[], ...blocks: Buffer[]): Buffer {
  return Buffer.concat([u32(0xfd2fb528), Buffer.from(header), ...blocks]);
}

/** A block of type 1: one byte, `size` times. */
function runBlock(size: number, last = false): Buffer {
  const word = (size << 3) | 2 | Number(last);
  return Buffer.of(word & 0xff, (word >> 8) & 0xff, word >> 16, 0xaa);
}

function zipHeader(size: number | bigint, method = 8, name = 'x', crc = 0): Buffer {
  const extra = Buffer.concat([u16(1), u16(16), u64(size), u64(size)]);
  return Buffer.concat([
    u32(0x04034b50),
    u16(45),
    u16(0),
    u16(method),
    u32(0),
    u32(crc),
    u32(0xffffffff),
    u32(0xffffffff),
    u16(name.length),
    u16(extra.length),
    Buffer.from(name),
    extra,
  ]);
}

describe('hostile wrappers', () => {
  const folder = temporaryFolder();

  it('zstd: windows, sizes and blocks beyond all measure', async () => {
    await fails(zstdFrame([0x00, 0xf8], runBlock(100, true)), /takes a window of 2199023255552 bytes/);
    await fails(zstdFrame([0xe0, ...u64(TIB)], runBlock(100, true)), /takes a window of 1099511627776 bytes/);
    await fails(zstdFrame([0x00, 0x58], Buffer.of(0xfc, 0xff, 0xff)), /a block has 2097151 bytes/);
    await fails(zstdFrame([0x00, 0x58], Buffer.of(0x07, 0, 0)), /a block is of type 3; expected 0 to 2/);
    await fails(zstdFrame([0x03, 0x58, 1, 2, 3, 4], runBlock(100, true)), /with a dictionary/);
    await fails(
      Buffer.concat([zstdFrame([0x00, 0x58], runBlock(100, true)), Buffer.alloc(70_000, 'more')]),
      /expected 0xfd2fb528/,
    );
    await fails(
      Buffer.concat([u32(0x184d2a50), u32(0xffffffff), Buffer.alloc(100)]),
      /in the middle of a skippable frame/,
    );
  });

  it('zstd: the smallest frames', async () => {
    assert.equal(await drained(zstdFrame([0x00, 0x58], runBlock(7, true))), 7);
    assert.equal(await drained(zstdFrame([0x04, 0x58], runBlock(7, true), u32(0xfacf30b0))), 7);
    assert.equal(await drained(zstdFrame([0x20, 0], Buffer.of(1, 0, 0))), 0);
  });

  it('zstd: a bomb of runs is let out piece by piece', async () => {
    const bomb = zstdFrame([0x00, 0x58], ...Array.from({ length: 10_000 }, () => runBlock(131072)));
    assert.equal(await drained(bomb, 16 * MIB), 16 * MIB);
  });

  it('zstd: seek tables that lie', async function () {
    if (!canWrap(WRAP_CASES.find(({ wrapper }) => wrapper === 'zstd')!)) this.skip();
    const file = zstdSeekable(Buffer.alloc(300_000, 'content'), 100_000);
    const openIndexed = async (change: (copy: Buffer) => void): Promise<unknown> => {
      const copy = Buffer.from(file);
      change(copy);
      const view = await detectWrapper(copy)!.openIndexed!(new BufferSource(copy, 'hostile'));
      return view === null ? null : readBytes(view, 0, 300_000);
    };
    const table = file.length - 9 - 3 * 8;
    const damaged = (message: RegExp): object => ({ code: 'FORMAT_DAMAGED', message });
    await assert.rejects(
      openIndexed((copy) => copy.writeUInt32LE(0xffffffff, file.length - 9)),
      damaged(/lists 4294967295 frames, more than there is room for/),
    );
    await assert.rejects(
      openIndexed((copy) => copy.writeUInt32LE(2, file.length - 9)),
      damaged(/no seek table of 2 frames/),
    );
    await assert.rejects(
      openIndexed((copy) => copy.writeUInt8(4, file.length - 5)),
      damaged(/descriptor is 0x4/),
    );
    await assert.rejects(
      openIndexed((copy) => copy.writeUInt32LE(5, table)),
      damaged(/bytes of frames; expected/),
    );
    await assert.rejects(
      openIndexed((copy) => copy.writeUInt32LE(100_001, table + 4)),
      damaged(/cannot be decompressed: 100001 bytes belong there, 100000 came out/),
    );
    await assert.rejects(
      openIndexed((copy) => copy.fill(0, copy.readUInt32LE(table), copy.readUInt32LE(table) + 4)),
      damaged(/cannot be decompressed/),
    );
    assert.equal(
      await openIndexed((copy) => copy.writeUInt32LE(0xffffffff, table + 4)),
      null,
      'a frame of 4 GiB is for streaming',
    );
  });

  it('gzip and zip: bombs are let out piece by piece', async () => {
    const zeros = Buffer.alloc(64 * MIB);
    assert.equal(await drained(gzipSync(zeros, { level: 1 }), Infinity), zeros.length);
    const deflated = deflateRawSync(zeros, { level: 1 });
    assert.equal(
      await drained(
        Buffer.concat([zipHeader(deflated.length, 8, 'x', crc32(zeros)), deflated, u32(0x02014b50)]),
        Infinity,
      ),
      zeros.length,
    );
  });

  it('zip: sizes beyond all measure', async () => {
    for (const size of [TIB, 2n ** 64n - 1n]) {
      await fails(Buffer.concat([zipHeader(size, 0), Buffer.alloc(100)]), /in the middle of its member "x"$/);
      await fails(Buffer.concat([zipHeader(size, 8), Buffer.alloc(100, 0xff)]), /zlib says|in the middle of/);
      assert.equal(
        await detectWrapper(zipHeader(size))!.unwrappedSize!(new BufferSource(zipHeader(size), 'hostile')),
        Number(size),
      );
    }
    await assert.rejects(drained(Buffer.concat([zipHeader(0, 0, 'folder/').fill(0, 18, 26), u32(0x02014b50)])), {
      code: 'NOT_AN_IMAGE',
      message: /holds no file that can be a memory image$/,
    });
  });

  it('lz4: block and content sizes beyond all measure', async () => {
    const xxh32 = await openXxh32();
    // The first byte of the rest, or the ninth behind a content size, is the checksum of the descriptor.
    const frame = (flags: number, ...rest: Buffer[]): Buffer => {
      const bytes = Buffer.concat([u32(0x184d2204), Buffer.of(flags, 0x70), ...rest]);
      const at = 6 + (flags & 8) + (flags & 1) * 4;
      bytes[at] = (xxh32.hash(bytes.subarray(4, at)) >>> 8) & 0xff;
      return bytes;
    };
    for (const size of [0xffffffff, 0x7fffffff, 4 * MIB + 1])
      await fails(
        frame(0x60, Buffer.of(0), u32(size), Buffer.alloc(100)),
        /a block has \d+ bytes; expected at most 4194304/,
      );
    await fails(frame(0x60, Buffer.of(0), u32(4), Buffer.from([0x1f, 1, 9, 0])), /matches|match reaches|end after/);
    await fails(frame(0xa0, Buffer.of(0)), /no known version/);
    await fails(frame(0x61, u32(1), Buffer.of(0)), /with a dictionary/);
    const claims = frame(0x68, u64(TIB), Buffer.of(0), u32(0));
    assert.equal(await detectWrapper(claims)!.unwrappedSize!(new BufferSource(claims)), TIB);
    assert.equal(await drained(claims), 0);
  });

  it('bzip2: a bomb is let out piece by piece, and damage is told', async function () {
    if (!canWrap(WRAP_CASES.find(({ wrapper }) => wrapper === 'bzip2')!)) this.skip();
    const bomb = run('bzip2', ['-9', '-c'], Buffer.alloc(120 * MIB));
    assert.ok(bomb.length < 1000);
    assert.ok((await drained(bomb, 20 * MIB)) >= 20 * MIB);
    const text = Buffer.from('a page of text, and another one. '.repeat(200));
    const file = run('bzip2', ['-1', '-c'], text);
    for (let bit = 32; bit < file.length * 8; bit += 3) {
      const copy = Buffer.from(file);
      copy[bit >> 3]! ^= 0x80 >> (bit & 7);
      // The combined CRC at the end repeats those of the blocks, which are checked; padding means nothing.
      if (detectWrapper(copy) === null || bit >= (file.length - 5) * 8) continue;
      const got = await unwrapped(copy).catch((error: Error) => error.message);
      // Tables have entries that nothing uses.
      if (typeof got === 'string') assert.match(got, /^hostile is a damaged bzip2 stream: /);
      else assert.ok(got.equals(text), `bit ${bit}`);
    }
  });

  it('xz: dictionaries and indexes beyond all measure', async function () {
    if (!canWrap(WRAP_CASES.find(({ wrapper }) => wrapper === 'xz')!)) this.skip();
    const file = run('xz', ['-c', '-0'], Buffer.alloc(5000, 'text '));
    const wide = Buffer.from(file);
    const filter = wide.indexOf(Buffer.of(0x21, 1), 12);
    wide[filter + 2] = 40;
    const headerEnd = 12 + 4 * (file[12]! + 1);
    wide.writeUInt32LE(crc32(wide.subarray(12, headerEnd - 4)), headerEnd - 4);
    await fails(wide, /takes a dictionary of 4294967296 bytes/);

    const block = file.subarray(12, 12 + 4 * (file[12]! + 1));
    const huge = (records: number, size: number): Buffer => {
      const tail = streamTail({ unpaddedSize: block.length, size }, file.subarray(6, 8));
      return Buffer.concat(Array.from({ length: records }, () => Buffer.concat([file.subarray(0, 12), block, tail])));
    };
    const view = await detectWrapper(file)!.openIndexed!(new BufferSource(huge(2, TIB), 'hostile'));
    assert.equal(view, null, 'a block of 1 TiB is for streaming');
    const claiming = await detectWrapper(file)!.openIndexed!(new BufferSource(huge(2, 50 * MIB), 'hostile'));
    await assert.rejects(readBytes(claiming!, 0, 10), { code: 'FORMAT_DAMAGED', message: /cannot be decompressed/ });
    const stream = new ByteStream(
      'hostile',
      await detectWrapper(file)!.unwrappedSize!(new BufferSource(huge(200, TIB))),
      Readable.from([file]),
    );
    await assert.rejects(spool(stream, folder.path('.')), {
      code: 'OUTPUT_FAILED',
      message: /^cannot spool hostile into .* are free$/,
    });
  });

  it('xz: an index that is cut or does not fit', async function () {
    if (!canWrap(WRAP_CASES.find(({ wrapper }) => wrapper === 'xz')!)) this.skip();
    const file = run('xz', ['-c', '-0', '--block-size=100KiB'], Buffer.alloc(500_000, 'text '));
    const open = (bytes: Buffer): Promise<unknown> =>
      detectWrapper(file)!.openIndexed!(new BufferSource(bytes, 'hostile'));
    for (const length of [13, 100, file.length - 40, file.length - 12, file.length - 4]) {
      await assert.rejects(open(file.subarray(0, length)), {
        code: 'FORMAT_DAMAGED',
        message: /^hostile is a damaged xz file: no stream ends at offset \d+; it may be cut short$/,
      });
    }
    const indexed = Buffer.from(file);
    indexed.writeUInt32LE(0xffffff, file.length - 8);
    indexed.writeUInt32LE(crc32(indexed.subarray(file.length - 8, file.length - 2)), file.length - 12);
    await assert.rejects(open(indexed), {
      code: 'FORMAT_DAMAGED',
      message: /67108864 bytes, more than there is room for/,
    });
    const shortened = Buffer.concat([file.subarray(0, 12), file.subarray(40)]);
    await assert.rejects(open(shortened), {
      code: 'FORMAT_DAMAGED',
      message: /lists blocks that do not fill its stream|no index/,
    });
  });

  const DAMAGED = [
    'gzip',
    'zstd',
    'xz',
    'lz4',
    'zip',
    'lzop',
    'lzma',
    'xz with the filters arm64 and delta',
    'zip, Deflate64 of 7-Zip',
    'zip, LZMA of 7-Zip',
  ];
  for (const title of DAMAGED) {
    it(`${title}: any byte damaged gives bytes or one line`, async function () {
      const one = WRAP_CASES.find((candidate) => candidate.title === title)!;
      if (!canWrap(one)) this.skip();
      await sweep(9, async (random) => {
        const file = one.wrap(
          Buffer.concat([
            Buffer.alloc(30_000),
            Buffer.from('text and more text '.repeat(3000)),
            Buffer.from(Array.from({ length: 9000 }, () => random.below(256))),
          ]),
        );
        for (let turn = 0; turn < 150; turn++) {
          const copy = Buffer.from(file);
          for (let hits = 1 + random.below(3); hits > 0; hits--)
            copy[6 + random.below(turn % 2 ? 60 : copy.length - 6)] = random.below(256);
          // The magic of some is longer than six bytes.
          if (detectWrapper(copy.subarray(0, 512)) === null) continue;
          try {
            await drained(copy);
          } catch (error) {
            if (!(error instanceof PoolTrackerError)) throw error;
            assert.match(error.message, /^hostile( is an? | \([^)]+\) )[^\n]+$/);
          }
        }
      });
    });
  }
});
