import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeLz4Block } from '../../src/codec/lz4.js';
import { decodeLzf } from '../../src/codec/lzf.js';
import { decodeLznt1 } from '../../src/codec/lznt1.js';
import { decodeLzo1x } from '../../src/codec/lzo.js';
import { decodeSnappy } from '../../src/codec/snappy.js';
import { decodeXpressHuffman } from '../../src/codec/xpress.js';
import { decodeXpressLz77 } from '../../src/codec/xpress.js';
import { PoolTrackerError } from '../../src/errors.js';
import { encodeLz4Block } from '../support/encode/lz4-block.js';
import { encodeLzf } from '../support/encode/lzf.js';
import { encodeLznt1 } from '../support/encode/lznt1.js';
import { encodeLzo1x } from '../support/encode/lzo1x.js';
import { encodeSnappy } from '../support/encode/snappy.js';
import { encodeXpressHuffman } from '../support/encode/xpress-huffman.js';
import { encodeXpressLz77 } from '../support/encode/xpress-lz77.js';
import { assertProperty } from '../support/lanes/property.js';
import { hasProgram, run } from '../support/run/programs.js';
import { sampleMemory } from '../support/images/sample-memory.js';

const PYTHON = '/usr/bin/python3';

interface Codec {
  readonly name: string;
  encode(data: Uint8Array): Buffer;
  decode(data: Uint8Array, limit: number): Buffer;
  /** A module of Debian's Python that reaches a compressor of others: what to import and run, an expression over `page`. */
  readonly foreign?: { readonly module: string; readonly setup?: string; readonly expression: string };
}

const CODECS: readonly Codec[] = [
  {
    name: 'Snappy',
    encode: encodeSnappy,
    decode: decodeSnappy,
    foreign: { module: 'snappy', expression: 'snappy.compress(page)' },
  },
  {
    name: 'LZ4',
    encode: encodeLz4Block,
    decode: decodeLz4Block,
    foreign: { module: 'lz4.block', expression: 'lz4.block.compress(page, store_size=False)' },
  },
  {
    name: 'LZO1X',
    encode: encodeLzo1x,
    decode: decodeLzo1x,
    foreign: { module: 'lzo', expression: 'lzo.compress(page, level, False)' },
  },
  {
    name: 'LZF',
    encode: encodeLzf,
    decode: decodeLzf,
    foreign: {
      module: 'ctypes',
      setup: `library = ctypes.CDLL('liblzf.so.1')
def lzf(page):
  out = ctypes.create_string_buffer(2 * len(page))
  length = library.lzf_compress(page, len(page), out, len(out))
  return out.raw[:length]`,
      expression: 'lzf(page)',
    },
  },
  { name: 'LZNT1', encode: encodeLznt1, decode: decodeLznt1 },
  { name: 'Xpress LZ77', encode: encodeXpressLz77, decode: decodeXpressLz77 },
  { name: 'Xpress Huffman', encode: encodeXpressHuffman, decode: decodeXpressHuffman },
];

/** Bytes as they lie in memory: runs, repeats near and far, noise. */
const data = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 6000 })).map(([byte, count]) => Buffer.alloc(count, byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 3, maxLength: 9 }), fc.integer({ min: 10, max: 30_000 }))
        .map(([unit, count]) => Buffer.alloc(count, unit)),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

/** Pages of a kernel's memory, in stretches of 64 KiB. */
function pages(): Buffer[] {
  const { memory } = sampleMemory();
  return memory
    .writtenFrames()
    .filter((_, index) => index % 24 === 0)
    .map((frame) => memory.read(frame * 0x1000, 0x10000));
}

describe('LZ decoders', () => {
  for (const { name, encode, decode, foreign } of CODECS) {
    describe(name, () => {
      it('gives back any data', () => {
        assertProperty(
          fc.property(data, (bytes) => decode(encode(bytes), bytes.length).equals(bytes)),
          { numRuns: 60 },
        );
      });

      it('gives back memory', () => {
        for (const page of pages()) assert.ok(decode(encode(page), page.length).equals(page));
      });

      it('ends in an error or in bytes within the limit, whatever it is fed', () => {
        const fed = fc.oneof(
          fc.uint8Array({ maxLength: 600 }),
          data.map((bytes) => encode(bytes)),
          fc.tuple(data, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
            const packed = encode(bytes);
            packed[at % packed.length] = byte;
            return packed.subarray(0, 1 + (at % packed.length));
          }),
        );
        assertProperty(
          fc.property(fed, fc.integer({ min: 1, max: 70_000 }), (bytes, limit) => {
            try {
              return decode(bytes, limit).length <= limit;
            } catch (error) {
              return error instanceof PoolTrackerError && error.code === 'FORMAT_DAMAGED';
            }
          }),
          { numRuns: 300 },
        );
      });

      if (foreign === undefined) return;
      it('gives back what the compressor in common use makes of memory', function () {
        const start = `import sys, struct, ${foreign.module}\n${foreign.setup ?? ''}`;
        if (!hasProgram(PYTHON, '-c', start)) return this.skip();
        const all = pages();
        const script = `${start}
for number in range(${all.length}):
  page = sys.stdin.buffer.read(65536)
  level = 1 if number % 2 else 9
  packed = ${foreign.expression}
  sys.stdout.buffer.write(struct.pack('<I', len(packed)) + packed)`;
        const packed = run(PYTHON, ['-c', script], Buffer.concat(all));
        let at = 0;
        for (const page of all) {
          const length = packed.readUInt32LE(at);
          assert.ok(decode(packed.subarray(at + 4, at + 4 + length), page.length).equals(page));
          at += 4 + length;
        }
        assert.equal(at, packed.length);
      });
    });
  }

  it('decodes the examples of [MS-XCA] 3', () => {
    const abc = Buffer.alloc(300, 'abc');
    assert.ok(decodeXpressLz77(Buffer.from('ffffff1f61626317000fff2601', 'hex'), 300).equals(abc));
    const table = Buffer.alloc(256);
    table[0x30] = 0x30;
    table[0x31] = 0x23;
    table[0x80] = 0x02;
    table[0x8f] = 0x20;
    assert.ok(decodeXpressHuffman(Buffer.concat([table, Buffer.from('a8dc0000ff2601', 'hex')]), 300).equals(abc));
  });

  it('refuses a block that claims a tebibyte before it takes memory', () => {
    const bomb = Buffer.from('ffffffff0f00', 'hex');
    assert.throws(() => decodeSnappy(bomb, 0x10000), { code: 'FORMAT_DAMAGED', message: /4294967295 bytes/ });
  });
});
