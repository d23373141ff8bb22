import { messageOf } from '../../errors.js';
import { readBytes } from '../source.js';
import { openZstdSeekTable } from './zstd-seek-table.js';
import { isSkippable, skipFrame } from './skippable-frame.js';
import type { Wrapper } from './wrapper.js';
import type { WrapperInput } from './wrapper-input.js';

const FRAME = 0xfd2fb528;

/** What zstd itself takes without being told to (ZSTD_WINDOWLOG_LIMIT_DEFAULT). */
const LARGEST_WINDOW = 1 << 27;
const LARGEST_BLOCK = 1 << 17;
const LARGEST_HEADER = 18;

/** zstd (RFC 8878); frames one behind another are one stream. */
export const zstd: Wrapper = {
  name: 'zstd',
  title: 'zstd stream',
  claims(head) {
    const magic = head.length < 4 ? 0 : Buffer.from(head).readUInt32LE();
    return magic === FRAME || isSkippable(magic);
  },
  async *unwrap(input) {
    while (!(await input.atEnd())) {
      const magic = (await input.take(4, "a frame's magic number")).readUInt32LE();
      if (magic === FRAME) yield* frameBytes(input);
      else if (isSkippable(magic)) await skipFrame(input);
      else throw input.damaged(`a frame begins with 0x${magic.toString(16)} at offset ${input.taken - 4}; expected 0x${FRAME.toString(16)}`);
    }
  },
  openIndexed: openZstdSeekTable,
  /** That of the first frame; zstd writes one frame, unless told otherwise. */
  async unwrappedSize(source) {
    const head = await readBytes(source, 0, LARGEST_HEADER);
    return head.length < LARGEST_HEADER || head.readUInt32LE() !== FRAME ? null : parseHeader(head.subarray(4)).size;
  },
};

interface FrameHeader {
  /** Bytes that it takes, without the magic number. */
  readonly length: number;
  readonly window: number;
  /** Decompressed bytes, where they are told. */
  readonly size: number | null;
  readonly dictionary: boolean;
  readonly checksum: boolean;
}

/** Frame_Header (3.1.1.1) in `head`, which begins behind the magic number. */
function parseHeader(head: Buffer): FrameHeader {
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

/** One frame, a block at a time: a decoder that is given more makes 128 KiB of every four bytes, all at once. */
async function* frameBytes(input: WrapperInput): AsyncGenerator<Uint8Array> {
  const head = Buffer.concat([await input.peek(LARGEST_HEADER - 4)], LARGEST_HEADER - 4);
  const header = parseHeader(head);
  if (header.dictionary) throw input.refused('it was compressed with a dictionary', 'decompress it first: zstd -d -D DICTIONARY');
  if (header.window > LARGEST_WINDOW) {
    throw input.refused(`it takes a window of ${header.window} bytes to decompress; expected at most ${LARGEST_WINDOW}`, 'decompress it first: zstd -d --long=31');
  }
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(FRAME);
  const { Decompress } = await import('fzstd');
  const out: Uint8Array[] = [];
  const decoder = new Decompress((bytes) => out.push(bytes));
  const decode = (bytes: Buffer): void => {
    try {
      decoder.push(bytes);
    } catch (error) {
      throw input.damaged(`before offset ${input.taken}, the decoder says ${messageOf(error)}`, error);
    }
  };
  decode(Buffer.concat([magic, await input.take(header.length, 'a frame header')]));
  for (let last = false; !last; ) {
    const blockHeader = await input.take(3, 'a block header');
    const word = blockHeader.readUIntLE(0, 3);
    last = (word & 1) === 1;
    const length = ((word >> 1) & 3) === 1 ? 1 : word >> 3;
    if (length > LARGEST_BLOCK) throw input.damaged(`a block has ${length} bytes; expected at most ${LARGEST_BLOCK}`);
    decode(Buffer.concat([blockHeader, await input.take(length, 'a block')]));
    for (const bytes of out.splice(0)) if (bytes.length > 0) yield bytes;
  }
  if (header.checksum) await input.take(4, "a frame's checksum");
}
