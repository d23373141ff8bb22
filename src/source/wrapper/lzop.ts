import { crc32 } from '../../codec/crc32.js';
import { decodeLzo1x } from '../../codec/lzo.js';
import { adler32 } from '../../codec/zlib.js';
import { messageOf } from '../../errors.js';
import type { ByteReader } from '../reading/byte-reader.js';
import { takeTail, type Wrapper } from './wrapper.js';

/** lzop 1.04, which documents its format by its source. Numbers are big endian. */
const MAGIC = Buffer.from('894c5a4f000d0a1a0a', 'hex');

/** The first version whose headers have the fields of today, and the last one that is known. */
const MIN_VERSION = 0x0940;
const MAX_VERSION = 0x1040;
/** Before the name; its last byte is the name's length. */
const HEADER = 25;
/** LZO1X-1, LZO1X-1(15) and LZO1X-999, which decode alike. */
const METHODS = [1, 2, 3];

const FLAG = {
  adlerOfContent: 0x1,
  adlerOfBlock: 0x2,
  extraField: 0x40,
  crcOfContent: 0x100,
  crcOfBlock: 0x200,
  multipart: 0x400,
  filter: 0x800,
  crcOfHeader: 0x1000,
} as const;

/** The program writes blocks of 256 KiB, and takes no more than this. */
const MAX_BLOCK = 64 << 20;
/** Size of the pieces that come out of larger blocks. */
const PIECE = 1 << 20;
const MAX_EXTRA = 1 << 20;

/** lzop; files one behind another form one stream. */
export const lzop: Wrapper = {
  name: 'lzop',
  title: 'lzop file',
  claims: (head) => MAGIC.equals(head.subarray(0, MAGIC.length)),
  async *unwrap(input, warn) {
    for (let files = 0; !(await input.atEnd()); files++) {
      if (!(await input.peek(MAGIC.length)).equals(MAGIC)) {
        if (files === 0) throw input.damaged(`no file begins at offset ${input.offset}`);
        return takeTail(input, MAGIC, 'no file begins', warn);
      }
      await input.skip(MAGIC.length);
      yield* blocks(input, await takeHeader(input));
    }
  },
};

/** @returns the flags */
async function takeHeader(input: ByteReader): Promise<number> {
  const head = await input.take(HEADER, 'a header');
  const [version, needed] = [head.readUInt16BE(0), head.readUInt16BE(4)];
  if (version < MIN_VERSION || needed > MAX_VERSION)
    throw input.refused(`it was written by version 0x${version.toString(16)} of lzop`, 'unpack it first: lzop -d');
  const flags = head.readUInt32BE(8);
  // A filter's number would stand before the rest of the header.
  if ((flags & (FLAG.filter | FLAG.multipart)) !== 0)
    throw input.refused(
      `it is ${(flags & FLAG.filter) === 0 ? 'a part of several' : 'filtered'}`,
      'unpack it first: lzop -d',
    );
  const name = await input.take(head.readUInt8(HEADER - 1), "a header's name");
  const sum = (bytes: Uint8Array): number => ((flags & FLAG.crcOfHeader) === 0 ? adler32(bytes) : crc32(bytes));
  await verify(input, sum(Buffer.concat([head, name])), 'a header');
  if (!METHODS.includes(head.readUInt8(6))) throw input.damaged(`its method is ${head.readUInt8(6)}; expected 1 to 3`);
  if ((flags & FLAG.extraField) !== 0) {
    const length = await input.take(4, 'an extra field');
    if (length.readUInt32BE() > MAX_EXTRA) throw input.damaged(`an extra field has ${length.readUInt32BE()} bytes`);
    const field = await input.take(length.readUInt32BE(), 'an extra field');
    await verify(input, sum(Buffer.concat([length, field])), 'an extra field');
  }
  return flags;
}

async function* blocks(input: ByteReader, flags: number): AsyncGenerator<Uint8Array> {
  const sums = async (adler: number, crc: number): Promise<((bytes: Uint8Array, what: string) => void)[]> => {
    const kinds = [
      { isThere: flags & adler, sum: adler32 },
      { isThere: flags & crc, sum: crc32 },
    ].filter(({ isThere }) => isThere !== 0);
    const expected = await input.take(kinds.length * 4, "a block's checksums");
    return kinds.map(({ sum }, index) => (bytes, what) => {
      if (sum(bytes) !== expected.readUInt32BE(index * 4))
        throw input.damaged(`the checksum of ${what} before offset ${input.offset} is wrong`);
    });
  };
  for (;;) {
    const size = (await input.take(4, "a block's size")).readUInt32BE();
    if (size === 0) return;
    const length = (await input.take(4, "a block's size")).readUInt32BE();
    if (size > MAX_BLOCK || length > size)
      throw input.damaged(`a block holds ${size} bytes in ${length}; expected at most ${MAX_BLOCK}, and no more in it`);
    const ofContent = await sums(FLAG.adlerOfContent, FLAG.crcOfContent);
    const ofBlock = length < size ? await sums(FLAG.adlerOfBlock, FLAG.crcOfBlock) : [];
    const block = await input.take(length, 'a block');
    for (const check of ofBlock) check(block, 'the block');
    const content = length < size ? decode(input, block, size) : block;
    for (const check of ofContent) check(content, 'the contents of the block');
    for (let at = 0; at < size; at += PIECE) yield content.subarray(at, at + PIECE);
  }
}

/** Takes a checksum, which must be that of what was read. */
async function verify(input: ByteReader, actual: number, what: string): Promise<void> {
  if ((await input.take(4, `the checksum of ${what}`)).readUInt32BE() !== actual)
    throw input.damaged(`the checksum of ${what} before offset ${input.offset} is wrong`);
}

function decode(input: ByteReader, block: Buffer, size: number): Buffer {
  let content: Buffer;
  try {
    content = decodeLzo1x(block, size);
  } catch (error) {
    throw input.damaged(`the block before offset ${input.offset}: ${messageOf(error)}`, error);
  }
  if (content.length !== size)
    throw input.damaged(`the block before offset ${input.offset} holds ${content.length} bytes; expected ${size}`);
  return content;
}
