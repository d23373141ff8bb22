import { decodeLz4Block } from '../../codec/lz4.js';
import { openXxh32, type OpenXxh32 } from '../../codec/xxh32.js';
import { messageOf } from '../../errors.js';
import { readBytes } from '../source.js';
import { isSkippable, skipFrame, takeTail, type Wrapper } from './wrapper.js';
import type { ByteReader } from '../reading/byte-reader.js';

const FRAME = 0x184d2204;
/** Frames of lz4 -l and of Linux kernels: blocks of 8 MiB, without checksums, to the next magic number or the end. */
const LEGACY = 0x184c2102;
const LEGACY_BLOCK = 8 << 20;
const FRAME_MAGIC = Buffer.alloc(4);
FRAME_MAGIC.writeUInt32LE(FRAME);
const UNCOMPRESSED = 0x80000000;

/** Maximum distance of a match. */
const WINDOW = 1 << 16;

/** A Frame Descriptor (lz4_Frame_format.md). */
interface Descriptor {
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly blockLimit: number;
  /** Bytes of the descriptor after its first two. */
  readonly more: number;
  readonly hasSize: boolean;
  readonly dictionary: boolean;
  readonly version: number;
}

/** Consecutive LZ4 frames. */
export const lz4: Wrapper = {
  name: 'lz4',
  title: 'lz4 stream',
  claims: (head) => head.length >= 4 && [FRAME, LEGACY].includes(Buffer.from(head).readUInt32LE()),
  async *unwrap(input, warn) {
    const xxh32 = await openXxh32();
    for (let frames = 0; !(await input.atEnd()); frames++) {
      const head = await input.peek(4);
      const magic = head.length < 4 ? 0 : head.readUInt32LE();
      if (magic !== FRAME && magic !== LEGACY && !isSkippable(magic)) {
        const expected = `a frame begins with 0x${magic.toString(16)}; expected 0x${FRAME.toString(16)}`;
        if (frames === 0) throw input.damaged(expected);
        return takeTail(input, FRAME_MAGIC, expected, warn);
      }
      await input.skip(4);
      if (magic === FRAME) yield* frameBytes(input, xxh32);
      else if (magic === LEGACY) yield* legacyBytes(input);
      else await skipFrame(input);
    }
  },
  async unwrappedSize(source) {
    const head = await readBytes(source, 0, 14).then((bytes) =>
      bytes.subarray(bytes.readUInt32LE() === FRAME ? 4 : 14),
    );
    return head.length === 10 && parseDescriptor(head).hasSize ? Number(head.readBigUInt64LE(2)) : null;
  },
};

function parseDescriptor(bytes: Buffer): Descriptor {
  const flags = bytes.readUInt8(0);
  const hasSize = (flags & 8) !== 0;
  const dictionary = (flags & 1) !== 0;
  return {
    version: flags >> 6,
    linked: (flags & 0x20) === 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 4) !== 0,
    blockLimit: 1 << (8 + 2 * ((bytes.readUInt8(1) >> 4) & 7)),
    more: (hasSize ? 8 : 0) + (dictionary ? 4 : 0) + 1,
    hasSize,
    dictionary,
  };
}

async function* legacyBytes(input: ByteReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const head = await input.peek(4);
    const length = head.length < 4 ? 0 : head.readUInt32LE();
    if (length === 0 || length === FRAME || length === LEGACY || isSkippable(length)) return;
    if (length > LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16) return;
    await input.skip(4);
    yield decode(input, await input.take(length, 'a block'), LEGACY_BLOCK, Buffer.alloc(0));
  }
}

async function* frameBytes(input: ByteReader, xxh32: OpenXxh32): AsyncGenerator<Uint8Array> {
  const flags = await input.take(2, 'a frame descriptor');
  const frame = parseDescriptor(flags);
  if (frame.version !== 1 || frame.blockLimit < WINDOW)
    throw input.damaged('a frame descriptor is of no known version or block size');
  if (frame.dictionary)
    throw input.refused('it was compressed with a dictionary', 'decompress it first: lz4 -d -D DICTIONARY');
  const more = await input.take(frame.more, 'a frame descriptor');
  const header = xxh32.hash(Buffer.concat([flags, more.subarray(0, -1)]));
  if (((header >>> 8) & 0xff) !== more.at(-1)) throw input.damaged('the checksum of a frame descriptor is wrong');
  const content = frame.contentChecksum ? xxh32.open() : null;
  let history = Buffer.alloc(0);
  for (;;) {
    const word = (await input.take(4, "a block's size")).readUInt32LE();
    if (word === 0) break;
    const length = word % UNCOMPRESSED;
    if (length > frame.blockLimit)
      throw input.damaged(`a block has ${length} bytes; expected at most ${frame.blockLimit}`);
    const block = await input.take(length, 'a block');
    if (frame.blockChecksums) await verify(input, xxh32.hash(block), 'block');
    const bytes = word >= UNCOMPRESSED ? block : decode(input, block, frame.blockLimit, history);
    if (frame.linked) history = Buffer.concat([history, bytes]).subarray(-WINDOW);
    content?.add(bytes);
    if (bytes.length > 0) yield bytes;
  }
  if (content !== null) await verify(input, content.value(), 'frame');
}

/** Takes a checksum, which must be that of what was read. */
async function verify(input: ByteReader, actual: number, what: 'block' | 'frame'): Promise<void> {
  const expected = (await input.take(4, `a ${what}'s checksum`)).readUInt32LE();
  if (expected !== actual) throw input.damaged(`the checksum of the ${what} before offset ${input.offset} is wrong`);
}

function decode(input: ByteReader, block: Buffer, limit: number, history: Buffer): Buffer {
  try {
    return decodeLz4Block(block, limit, history);
  } catch (error) {
    throw input.damaged(`the block before offset ${input.offset}: ${messageOf(error)}`, error);
  }
}
