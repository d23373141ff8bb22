import { messageOf } from '../../errors.js';
import { isSkippable, skipFrame } from './skippable-frame.js';
import type { WrapperInput } from '../reading/byte-reader.js';

export const ZSTD_FRAME = 0xfd2fb528;
/** With the magic number. */
export const LONGEST_HEADER = 18;

/** What zstd itself takes without being told to (ZSTD_WINDOWLOG_LIMIT_DEFAULT). */
const LARGEST_WINDOW = 1 << 27;
const LARGEST_BLOCK = 1 << 17;

/** A Frame_Header (RFC 8878, 3.1.1.1). */
interface FrameHeader {
  /** Bytes that it takes, without the magic number. */
  readonly length: number;
  readonly window: number;
  /** Decompressed bytes, where they are told. */
  readonly size: number | null;
  readonly dictionary: boolean;
  readonly checksum: boolean;
}

/** @param head begins behind the magic number */
export function parseHeader(head: Buffer): FrameHeader {
  const descriptor = head.readUInt8();
  const single = (descriptor & 0x20) !== 0;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3]!;
  const sizeLength = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = 1 + (single ? 0 : 1) + dictionaryLength;
  const size = sizeLength === 0 ? null
    : sizeLength === 8 ? Number(head.readBigUInt64LE(sizeAt))
    : head.readUIntLE(sizeAt, sizeLength) + (sizeLength === 2 ? 256 : 0);
  const base = 2 ** (10 + (head.readUInt8(1) >> 3));
  return {
    length: sizeAt + sizeLength,
    window: single ? size! : base + (base / 8) * (head.readUInt8(1) & 7),
    size,
    dictionary: dictionaryLength > 0,
    checksum: (descriptor & 4) !== 0,
  };
}

/** The contents of all frames, one behind another. */
export async function* zstdFrames(input: WrapperInput): AsyncGenerator<Uint8Array> {
  while (!(await input.atEnd())) {
    const magic = (await input.take(4, "a frame's magic number")).readUInt32LE();
    if (magic === ZSTD_FRAME) yield* frameBytes(input);
    else if (isSkippable(magic)) await skipFrame(input);
    else throw input.damaged(`a frame begins with 0x${magic.toString(16)} at offset ${input.taken - 4}; expected 0x${ZSTD_FRAME.toString(16)}`);
  }
}

/** One frame, a block at a time: a decoder that is given more makes 128 KiB of every four bytes, all at once. */
async function* frameBytes(input: WrapperInput): AsyncGenerator<Uint8Array> {
  const head = Buffer.concat([await input.peek(LONGEST_HEADER - 4)], LONGEST_HEADER - 4);
  const header = parseHeader(head);
  if (header.dictionary) throw input.refused('it was compressed with a dictionary', 'decompress it first: zstd -d -D DICTIONARY');
  if (header.window > LARGEST_WINDOW) {
    throw input.refused(`it takes a window of ${header.window} bytes to decompress; expected at most ${LARGEST_WINDOW}`, 'decompress it first: zstd -d --long=31');
  }
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(ZSTD_FRAME);
  const { Decompress } = await import('fzstd');
  const out: Uint8Array[] = [];
  const decoder = new Decompress((bytes) => out.push(bytes));
  const decode = (bytes: Buffer, last: boolean): void => {
    try {
      decoder.push(bytes, last);
    } catch (error) {
      throw input.damaged(`before offset ${input.taken}, the decoder says ${messageOf(error)}`, error);
    }
  };
  decode(Buffer.concat([magic, await input.take(header.length, 'a frame header')]), false);
  for (let last = false; !last; ) {
    const blockHeader = await input.take(3, 'a block header');
    const word = blockHeader.readUIntLE(0, 3);
    last = (word & 1) === 1;
    const length = ((word >> 1) & 3) === 1 ? 1 : word >> 3;
    if (length > LARGEST_BLOCK) throw input.damaged(`a block has ${length} bytes; expected at most ${LARGEST_BLOCK}`);
    const block = [blockHeader, await input.take(length, 'a block')];
    // Not verified, but the decoder has to see it to be done.
    if (last && header.checksum) block.push(await input.take(4, "a frame's checksum"));
    decode(Buffer.concat(block), last);
    for (const bytes of out.splice(0)) if (bytes.length > 0) yield bytes;
  }
}
