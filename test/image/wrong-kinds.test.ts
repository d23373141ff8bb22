import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../src/errors.js';
import { openImage } from '../../src/image/formats.js';
import { Random } from '../support/generate/random.js';
import { BufferSource } from '../support/sources/buffer-source.js';

/** Bytes that are no text and begin as nothing known does. */
const NOISE = Buffer.concat([Buffer.of(0x9e, 0x81, 0x02), new Random(9).bytes(0x10000)]);

/** Noise with bytes at places. */
function noiseWith(...places: readonly (readonly [at: number, bytes: string | readonly number[]])[]): Buffer {
  const file = Buffer.from(NOISE);
  for (const [at, bytes] of places) file.set(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, at);
  return file;
}

const UNPACK = /^unpack it and name the memory image in it; --image-format raw/;
const DISK = /^name an image of the memory; of a virtual machine that is its saved state or snapshot, not its disk;/;

/** ARJ: magic, length of the basic header (34), length of its first part (30). */
const ARJ: readonly number[] = [0x60, 0xea, 34, 0, 30, 11, 1, 0];

const KINDS: readonly (readonly [file: string, bytes: Buffer, title: RegExp, hint: RegExp])[] = [
  ['memory.arj', noiseWith([0, ARJ]), /an ARJ archive$/, UNPACK],
  ['memory.raw.Z', noiseWith([0, [0x1f, 0x9d, 0x90]]), /a file of compress \(\.Z\)$/, /^unpack it first: uncompress,/],
  ['memory.lzh', noiseWith([2, '-lh5-']), /an LHA archive$/, UNPACK],
  ['memory.lzs', noiseWith([2, '-lzs-']), /an LHA archive$/, UNPACK],
  ['memory.raw.br', NOISE, /a brotli file$/, /^unpack it first: brotli -d;/],
  [
    'memory.raw.LZMA',
    noiseWith([0, [0x5d, 0, 0, 0x80, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]]),
    /an lzma file$/,
    /^unpack it first: xz -d;/,
  ],
  // One of fixed size has its mark at its end alone: only the name tells.
  ['disk.vhd', NOISE, /a virtual disk \(VHD\)$/, DISK],
  ['disk.bin', noiseWith([0, 'conectix']), /a virtual disk \(VHD\)$/, DISK],
  ['disk.vdi', noiseWith([0x40, [0x7f, 0x10, 0xda, 0xbe]]), /a VirtualBox disk \(VDI\)$/, DISK],
  ['disk.vhdx', noiseWith([0, 'vhdxfile']), /a Hyper-V disk \(VHDX\)$/, DISK],
  ['disk.vmdk', noiseWith([0, 'KDMV']), /a VMware disk \(VMDK\)$/, DISK],
  ['memory.7z', noiseWith([0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]]), /a 7-Zip archive$/, UNPACK],
  ['memory.rar', noiseWith([0, 'Rar!\x1a\x07']), /a RAR archive$/, UNPACK],
  ['memory.cab', noiseWith([0, 'MSCF\0\0\0\0']), /a cabinet$/, /\(expand, cabextract\);/],
  ['pagefile.sys', NOISE, /a page file$/, /neither page tables nor pool/],
  ['app.dmp', noiseWith([0, 'MDMP']), /a minidump /, /a kernel or complete memory dump does/],
];

describe('files of other kinds', () => {
  for (const [file, bytes, title, hint] of KINDS) {
    it(`are named with the way out: ${file}`, async () => {
      await assert.rejects(openImage(new BufferSource(bytes, `folder/${file}`)), (error: unknown) => {
        assert.ok(error instanceof PoolTrackerError);
        assert.equal(error.code, 'NOT_AN_IMAGE');
        assert.match(error.message, title);
        assert.match(error.hint ?? '', hint);
        return true;
      });
      const image = await openImage(new BufferSource(bytes, `folder/${file}`), 'raw');
      assert.equal(image.format, 'raw', 'asked for, it is memory all the same');
    });
  }

  it('are not seen in what only begins alike', async () => {
    for (const [file, bytes] of [
      ['memory.raw', NOISE],
      ['memory.raw', noiseWith([0, [0x60, 0xea, 34, 0, 34]])],
      ['memory.raw', noiseWith([0, [0x60, 0xea, 0x29, 0x0a, 30]])],
      ['memory.raw', noiseWith([2, '-lx5-'])],
      ['brotli', NOISE],
      ['unpacked.lzma', NOISE],
    ] as const)
      assert.equal((await openImage(new BufferSource(bytes, file))).format, 'raw');
  });
});
