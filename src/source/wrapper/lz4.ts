import { decodeLz4Block } from '../../codec/lz4.js';
import { messageOf } from '../../errors.js';
import { readBytes } from '../source.js';
import { isSkippable, skipFrame, type Wrapper } from './wrapper.js';
import type { ByteReader } from '../reading/byte-reader.js';

const FRAME = 0x184d2204;
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
  claims: (head) => head.length >= 4 && Buffer.from(head).readUInt32LE() === FRAME,
  async *unwrap(input) {
    while (!(await input.atEnd())) {
      const magic = (await input.take(4, "a frame's magic number")).readUInt32LE();
      if (magic === FRAME) yield* frameBytes(input);
      else if (isSkippable(magic)) await skipFrame(input);
      else
        throw input.damaged(
          `a frame begins with 0x${magic.toString(16)} at offset ${input.offset - 4}; expected 0x${FRAME.toString(16)}`,
        );
    }
  },
  async unwrappedSize(source) {
    const head = await readBytes(source, 4, 10);
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

async function* frameBytes(input: ByteReader): AsyncGenerator<Uint8Array> {
  const frame = parseDescriptor(await input.take(2, 'a frame descriptor'));
  if (frame.version !== 1 || frame.blockLimit < WINDOW)
    throw input.damaged('a frame descriptor is of no known version or block size');
  if (frame.dictionary)
    throw input.refused('it was compressed with a dictionary', 'decompress it first: lz4 -d -D DICTIONARY');
  await input.take(frame.more, 'a frame descriptor');
  let history = Buffer.alloc(0);
  for (;;) {
    const word = (await input.take(4, "a block's size")).readUInt32LE();
    if (word === 0) break;
    const length = word % UNCOMPRESSED;
    if (length > frame.blockLimit)
      throw input.damaged(`a block has ${length} bytes; expected at most ${frame.blockLimit}`);
    const block = await input.take(length, 'a block');
    if (frame.blockChecksums) await input.take(4, "a block's checksum");
    const bytes = word >= UNCOMPRESSED ? block : decode(input, block, frame.blockLimit, history);
    if (frame.linked) history = Buffer.concat([history, bytes]).subarray(-WINDOW);
    if (bytes.length > 0) yield bytes;
  }
  if (frame.contentChecksum) await input.take(4, "a frame's checksum");
}

function decode(input: ByteReader, block: Buffer, limit: number, history: Buffer): Buffer {
  try {
    return decodeLz4Block(block, limit, history);
  } catch (error) {
    throw input.damaged(`the block before offset ${input.offset}: ${messageOf(error)}`, error);
  }
}
