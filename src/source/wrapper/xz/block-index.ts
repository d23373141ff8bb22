import { crc32 } from '../../../codec/crc32.js';
import { PoolTrackerError } from '../../../errors.js';
import { ChunkedSource, listedChunks } from '../../reading/chunked-source.js';
import { readBytes, type Source } from '../../source.js';
import { MAX_TAIL } from '../wrapper.js';

/** The XZ file format 1.2.0: https://tukaani.org/xz/xz-file-format.txt. Sizes in bytes. */
export const XZ_MAGIC = Buffer.from('fd377a585a00', 'hex');
export const HEADER_SIZE = 12;
export const FOOTER_SIZE = 12;
const FOOTER_MAGIC = 0x5a59;

/** A Stream Footer (2.1.2): start of the index before it, and the flags repeated from the header. */
export interface XzFooter {
  readonly indexSize: number;
  readonly flags: Buffer;
}

/** Null for bytes that are not a footer, by magic and CRC-32. */
export function parseFooter(bytes: Buffer): XzFooter | null {
  if (bytes.length < FOOTER_SIZE || bytes.readUInt16LE(10) !== FOOTER_MAGIC) return null;
  if (bytes.readUInt32LE(0) !== crc32(bytes.subarray(4, 10))) return null;
  return { indexSize: (bytes.readUInt32LE(4) + 1) * 4, flags: bytes.subarray(8, 10) };
}

/** An Index Record (4.3). */
export interface XzRecord {
  /** Compressed size, without the padding to four bytes. */
  readonly unpaddedSize: number;
  readonly size: number;
}

export function paddedSize({ unpaddedSize }: XzRecord): number {
  return Math.ceil(unpaddedSize / 4) * 4;
}

/**
 * The records of an Index (4); null when it is not one, or its CRC-32 is wrong. Parsed here because xz-decompress,
 * which decodes the blocks, does not read indexes; the addons node-liblzma and lzma-native give an index's totals, but
 * not the offsets of its blocks.
 */
export function parseIndex(index: Buffer): XzRecord[] | null {
  const end = index.length - 4;
  if (end < 4 || index[0] !== 0 || index.readUInt32LE(end) !== crc32(index.subarray(0, end))) return null;
  let at = 1;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; at < end; scale *= 128) {
      const byte = index[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  const count = number();
  const records: XzRecord[] = [];
  while (records.length < count && at < end) records.push({ unpaddedSize: number(), size: number() });
  const sound = records.every(
    ({ unpaddedSize, size }) => Number.isSafeInteger(unpaddedSize) && Number.isSafeInteger(size),
  );
  return sound && records.length === count && end - at < 4 ? records : null;
}

/** The bytes after the only block of a stream: its Index and the Stream Footer. */
export function streamTail(record: XzRecord, flags: Buffer): Buffer {
  const body = [0, 1, ...encoded(record.unpaddedSize), ...encoded(record.size)];
  while (body.length % 4 !== 0) body.push(0);
  const tail = Buffer.alloc(body.length + 4 + FOOTER_SIZE);
  tail.set(body);
  tail.writeUInt32LE(crc32(tail.subarray(0, body.length)), body.length);
  const footer = tail.subarray(body.length + 4);
  footer.writeUInt32LE(body.length / 4, 4);
  footer.set(flags, 8);
  footer.writeUInt32LE(crc32(footer.subarray(4, 10)), 0);
  footer.writeUInt16LE(FOOTER_MAGIC, 10);
  return tail;
}

/** A number as xz writes it (1.2): seven bits a byte, the lowest first. */
export function encoded(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return [...bytes, value];
}

/** Larger blocks are streamed: reading one page from them would cost too much. xz -6 -T0 writes blocks of 24 MiB. */
const MAX_BLOCK = 64 << 20;
const MAX_INDEX = 64 << 20;
const CACHE_BYTES = 128 << 20;

/** Decodes streams, of which it is given all bytes. */
export type DecodeXz = (streams: readonly Uint8Array[]) => AsyncIterable<Uint8Array>;

/** A block, its offset in the file, and the header of its stream. */
interface XzBlock extends XzRecord {
  readonly offset: number;
  readonly header: Buffer;
}

/**
 * The view of an xz file of several blocks (xz -T, --block-size; pixz), from the indexes of its streams, read from the
 * last to the first. Null for a file of one block, or with a block above MAX_BLOCK.
 * @throws PoolTrackerError FORMAT_DAMAGED when an index does not fit the file, as in a truncated file
 */
export async function openXzIndex(source: Source, decode: DecodeXz): Promise<Source | null> {
  const blocks = (await readBlocks(source)).filter(({ size }) => size > 0);
  if (blocks.length < 2 || blocks.some((block) => Math.max(block.size, block.unpaddedSize) > MAX_BLOCK)) return null;
  const starts: number[] = [];
  let total = 0;
  for (const { size } of blocks) {
    starts.push(total);
    total += size;
  }
  return new ChunkedSource(
    [source],
    {
      ...listedChunks(starts, total),
      async load({ index }) {
        const block = blocks[index]!;
        const alone = [
          block.header,
          await readBytes(source, block.offset, paddedSize(block)),
          streamTail(block, block.header.subarray(6, 8)),
        ];
        const pieces: Uint8Array[] = [];
        for await (const piece of decode(alone)) pieces.push(piece);
        return Buffer.concat(pieces);
      },
    },
    CACHE_BYTES,
  );
}

/** The uncompressed size of all blocks in bytes. @throws PoolTrackerError FORMAT_DAMAGED */
export async function xzSize(source: Source): Promise<number> {
  return (await readBlocks(source)).reduce((sum, { size }) => sum + size, 0);
}

async function readBlocks(source: Source): Promise<XzBlock[]> {
  const start = Math.max(0, source.byteLength - MAX_TAIL);
  const tail = await readBytes(source, start, MAX_TAIL);
  const damaged = (problem: string): PoolTrackerError =>
    new PoolTrackerError('FORMAT_DAMAGED', `${source.name} is a damaged xz file: ${problem}; it may be cut short`);
  const streams: XzBlock[][] = [];
  let end = start + (lastFooterEnd(tail) ?? tail.length);
  while (end > 0) {
    const footerBytes = await readBytes(source, Math.max(0, end - FOOTER_SIZE), FOOTER_SIZE);
    // Stream Padding (2.2): zeros in multiples of four bytes.
    if (footerBytes.length === FOOTER_SIZE && footerBytes.readUInt32LE(8) === 0) {
      end -= 4;
      continue;
    }
    const footer = parseFooter(footerBytes);
    if (footer === null) throw damaged(`no stream ends at offset ${end}`);
    const indexAt = end - FOOTER_SIZE - footer.indexSize;
    if (indexAt < HEADER_SIZE || footer.indexSize > MAX_INDEX)
      throw damaged(`the index before offset ${end} has ${footer.indexSize} bytes, more than there is room for`);
    const records = parseIndex(await readBytes(source, indexAt, footer.indexSize));
    if (records === null) throw damaged(`no index is at offset ${indexAt}`);
    const headerAt = indexAt - records.reduce((sum, record) => sum + paddedSize(record), 0) - HEADER_SIZE;
    const header = headerAt < 0 ? Buffer.alloc(0) : await readBytes(source, headerAt, HEADER_SIZE);
    if (!header.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC) || !header.subarray(6, 8).equals(footer.flags)) {
      throw damaged(`the index at offset ${indexAt} lists blocks that do not fill its stream`);
    }
    let offset = headerAt + HEADER_SIZE;
    streams.push(
      records.map((record) => {
        const block = { ...record, offset, header };
        offset += paddedSize(record);
        return block;
      }),
    );
    end = headerAt;
  }
  return streams.reverse().flat();
}

/** Where the last Stream Footer ends; null without one. */
export function lastFooterEnd(bytes: Buffer): number | null {
  const magic = Buffer.of(FOOTER_MAGIC & 0xff, FOOTER_MAGIC >> 8);
  for (let at = bytes.lastIndexOf(magic); at >= FOOTER_SIZE - 2; at = bytes.lastIndexOf(magic, at - 1))
    if (parseFooter(bytes.subarray(at + 2 - FOOTER_SIZE, at + 2)) !== null) return at + 2;
  return null;
}
