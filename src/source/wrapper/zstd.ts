import {
  MAX_ZSTD_BLOCK,
  MAX_ZSTD_HEADER,
  MAX_ZSTD_WINDOW,
  openZstd,
  type OpenZstd,
  parseZstdHeader,
  ZSTD_FRAME,
} from '../../codec/zstd/zstd.js';
import { PoolTrackerError } from '../../errors.js';
import { readerOf, type ByteReader } from '../reading/byte-reader.js';
import { ChunkedSource, listedChunks } from '../reading/chunked-source.js';
import { readBytes, type Source } from '../source.js';
import { isSkippable, skipFrame, takeTail, type Warn, type Wrapper } from './wrapper.js';

/** Minimum size of a piece: blocks are gathered, since each decoded piece costs a turn of the event loop. */
const MIN_PIECE = 1 << 15;

const FRAME_MAGIC = Buffer.alloc(4);
FRAME_MAGIC.writeUInt32LE(ZSTD_FRAME);

/** The contents of all frames, concatenated. */
export async function* zstdFrames(
  input: ByteReader,
  open: OpenZstd = openZstd,
  warn: Warn = () => undefined,
): AsyncGenerator<Uint8Array> {
  const decoder = await open((problem, cause) =>
    input.damaged(`before offset ${input.offset}, the decoder says ${problem}`, cause),
  );
  try {
    for (let frames = 0; !(await input.atEnd()); frames++) {
      const head = await input.peek(4);
      const magic = head.length < 4 ? 0 : head.readUInt32LE();
      if (magic !== ZSTD_FRAME && !isSkippable(magic)) {
        const expected = `a frame begins with 0x${magic.toString(16)}; expected 0x${ZSTD_FRAME.toString(16)}`;
        if (frames === 0) throw input.damaged(expected);
        return await takeTail(input, FRAME_MAGIC, expected, warn);
      }
      await input.skip(4);
      if (magic === ZSTD_FRAME) for await (const piece of framePieces(input)) yield* decoder.decode(piece);
      else await skipFrame(input);
    }
  } finally {
    decoder.close();
  }
}

/** A frame in pieces of whole blocks, exactly to its end: bytes after it are not for its decoder. */
async function* framePieces(input: ByteReader): AsyncGenerator<Buffer> {
  const head = Buffer.concat([await input.peek(MAX_ZSTD_HEADER - 4)], MAX_ZSTD_HEADER - 4);
  const header = parseZstdHeader(head);
  if (header.dictionary)
    throw input.refused('it was compressed with a dictionary', 'decompress it first: zstd -d -D DICTIONARY');
  if (header.window > MAX_ZSTD_WINDOW) {
    throw input.refused(
      `it takes a window of ${header.window} bytes to decompress; expected at most ${MAX_ZSTD_WINDOW}`,
      'decompress it first: zstd -d --long=31',
    );
  }
  let piece = [FRAME_MAGIC, await input.take(header.length, 'a frame header')];
  let length = 0;
  try {
    for (let last = false; !last;) {
      const block = await takeBlock(input);
      last = block.last;
      piece.push(...block.bytes);
      if (last && header.checksum) piece.push(await input.take(4, "a frame's checksum"));
      length += block.length;
      if (length < MIN_PIECE && !last) continue;
      const whole = Buffer.concat(piece);
      piece = [];
      length = 0;
      yield whole;
    }
  } catch (error) {
    // The bytes before the fault are intact.
    if (piece.length > 0) yield Buffer.concat(piece);
    throw error;
  }
}

async function takeBlock(input: ByteReader): Promise<{ last: boolean; length: number; bytes: Buffer[] }> {
  const header = await input.take(3, 'a block header');
  const word = header.readUIntLE(0, 3);
  const type = (word >> 1) & 3;
  if (type === 3) throw input.damaged('a block is of type 3; expected 0 to 2');
  const length = type === 1 ? 1 : word >> 3;
  if (length > MAX_ZSTD_BLOCK) throw input.damaged(`a block has ${length} bytes; expected at most ${MAX_ZSTD_BLOCK}`);
  return { last: (word & 1) === 1, length: 3 + length, bytes: [header, await input.take(length, 'a block')] };
}

const FOOTER = 9;
const FOOTER_MAGIC = 0x8f92eab1;
const TABLE_FRAME = 0x184d2a5e;
const HAS_CHECKSUMS = 0x80;
const RESERVED = 0x7c;

/** Larger frames are streamed: reading one page from them would cost too much. */
const MAX_FRAME = 64 << 20;
const MAX_TABLE = 64 << 20;

/** Frames usually have 1 MiB or more; those that a walk returns to must stay cached. */
const CACHE_BYTES = 64 << 20;

/**
 * The view of a file in zstd's seekable format (contrib/seekable_format/zstd_seekable_compression_format.md): whole
 * frames, followed by a skippable frame with a table of their sizes. Null for other zstd files.
 * @throws PoolTrackerError FORMAT_DAMAGED when the table does not fit the file
 */
export async function openZstdSeekTable(source: Source): Promise<Source | null> {
  const footer = await readBytes(source, Math.max(0, source.byteLength - FOOTER), FOOTER);
  if (footer.length < FOOTER || footer.readUInt32LE(5) !== FOOTER_MAGIC) return null;
  const damaged = (problem: string): PoolTrackerError =>
    new PoolTrackerError('FORMAT_DAMAGED', `${source.name} is a damaged seekable zstd file: ${problem}`);
  const frames = footer.readUInt32LE(0);
  const descriptor = footer.readUInt8(4);
  if (descriptor & RESERVED)
    throw damaged(`its seek table's descriptor is 0x${descriptor.toString(16)}; expected bits 2 to 6 to be 0`);
  const width = descriptor & HAS_CHECKSUMS ? 12 : 8;
  const tableLength = frames * width + FOOTER;
  const tableAt = source.byteLength - tableLength - 8;
  if (tableAt < 0 || tableLength > MAX_TABLE)
    throw damaged(`its seek table lists ${frames} frames, more than there is room for`);
  const table = await readBytes(source, tableAt, 8 + tableLength);
  if (table.readUInt32LE(0) !== TABLE_FRAME || table.readUInt32LE(4) !== tableLength) {
    throw damaged(`no seek table of ${frames} frames begins at offset ${tableAt}`);
  }
  const offsets: number[] = [];
  const starts: number[] = [];
  let offset = 0;
  let start = 0;
  for (let at = 8; offsets.length < frames; at += width) {
    const length = table.readUInt32LE(at + 4);
    if (length > MAX_FRAME || table.readUInt32LE(at) > MAX_FRAME) return null;
    offsets.push(offset);
    starts.push(start);
    offset += table.readUInt32LE(at);
    start += length;
  }
  if (offset !== tableAt) throw damaged(`its seek table lists ${offset} bytes of frames; expected ${tableAt}`);
  if (start === 0) return null;
  return new ChunkedSource(
    [source],
    {
      ...listedChunks(starts, start),
      async load({ index, length }) {
        const end = offsets[index + 1] ?? tableAt;
        return indexedFrameBytes(source, offsets[index]!, end, length);
      },
    },
    CACHE_BYTES,
  );
}

/** The contents of the frame between two offsets, up to little more than `limit` bytes. */
async function indexedFrameBytes(source: Source, offset: number, end: number, limit: number): Promise<Buffer> {
  async function* frame(): AsyncGenerator<Buffer> {
    yield await readBytes(source, offset, end - offset);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of zstdFrames(readerOf(frame(), source.name, 'zstd frame'))) {
    pieces.push(piece);
    length += piece.length;
    if (length > limit) break;
  }
  return Buffer.concat(pieces);
}

/** zstd (RFC 8878); consecutive frames form one stream. */
export const zstd: Wrapper = {
  name: 'zstd',
  title: 'zstd stream',
  claims(head) {
    const magic = head.length < 4 ? 0 : Buffer.from(head).readUInt32LE();
    return magic === ZSTD_FRAME || isSkippable(magic);
  },
  unwrap: (input, warn) => zstdFrames(input, openZstd, warn),
  openIndexed: openZstdSeekTable,
  /** Size of the first frame; zstd writes a single frame by default. */
  async unwrappedSize(source) {
    const head = await readBytes(source, 0, MAX_ZSTD_HEADER);
    return head.length < MAX_ZSTD_HEADER || head.readUInt32LE() !== ZSTD_FRAME
      ? null
      : parseZstdHeader(head.subarray(4)).size;
  },
};
