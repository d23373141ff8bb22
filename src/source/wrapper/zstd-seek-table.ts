import { PoolTrackerError } from '../../errors.js';
import { ChunkedSource, listedChunks } from '../reading/chunked-source.js';
import { readBytes, type Source } from '../source.js';
import { WrapperInput } from '../reading/byte-reader.js';
import { zstdFrames } from './zstd-frames.js';

const FOOTER = 9;
const FOOTER_MAGIC = 0x8f92eab1;
const TABLE_FRAME = 0x184d2a5e;
const HAS_CHECKSUMS = 0x80;
const RESERVED = 0x7c;

/** Frames above this are streamed: a page out of one would cost too much. */
const LARGEST_FRAME = 64 << 20;
const LARGEST_TABLE = 64 << 20;

/** Frames of 1 MiB and more are the rule; what a walk comes back to has to stay. */
const CACHE_BYTES = 64 << 20;

/**
 * The view of a file in zstd's seekable format (contrib/seekable_format/zstd_seekable_compression_format.md): whole
 * frames, and a table of their sizes in a skippable frame behind them. Null for other zstd files.
 * @throws PoolTrackerError FORMAT_DAMAGED when the table does not fit the file
 */
export async function openZstdSeekTable(source: Source): Promise<Source | null> {
  const footer = await readBytes(source, Math.max(0, source.byteLength - FOOTER), FOOTER);
  if (footer.length < FOOTER || footer.readUInt32LE(5) !== FOOTER_MAGIC) return null;
  const damaged = (problem: string): PoolTrackerError =>
    new PoolTrackerError('FORMAT_DAMAGED', `${source.name} is a damaged seekable zstd file: ${problem}`);
  const frames = footer.readUInt32LE(0);
  const descriptor = footer.readUInt8(4);
  if (descriptor & RESERVED) throw damaged(`its seek table's descriptor is 0x${descriptor.toString(16)}; expected bits 2 to 6 to be 0`);
  const width = descriptor & HAS_CHECKSUMS ? 12 : 8;
  const tableLength = frames * width + FOOTER;
  const tableAt = source.byteLength - tableLength - 8;
  if (tableAt < 0 || tableLength > LARGEST_TABLE) throw damaged(`its seek table lists ${frames} frames, more than there is room for`);
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
    if (length > LARGEST_FRAME || table.readUInt32LE(at) > LARGEST_FRAME) return null;
    offsets.push(offset);
    starts.push(start);
    offset += table.readUInt32LE(at);
    start += length;
  }
  if (offset !== tableAt) throw damaged(`its seek table lists ${offset} bytes of frames; expected ${tableAt}`);
  if (start === 0) return null;
  return new ChunkedSource([source], {
    ...listedChunks(starts, start),
    async load({ index, length }) {
      const end = offsets[index + 1] ?? tableAt;
      return indexedFrameBytes(source, offsets[index]!, end, length);
    },
  }, CACHE_BYTES);
}

/** The contents of the frame between two offsets, and little more than `limit` bytes of them. */
async function indexedFrameBytes(source: Source, offset: number, end: number, limit: number): Promise<Buffer> {
  async function* frame(): AsyncGenerator<Buffer> {
    yield await readBytes(source, offset, end - offset);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of zstdFrames(new WrapperInput(frame(), source.name, 'zstd frame'))) {
    pieces.push(piece);
    length += piece.length;
    if (length > limit) break;
  }
  return Buffer.concat(pieces);
}
