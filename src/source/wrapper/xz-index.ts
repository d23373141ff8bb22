import { decodeXzStream } from '../../codec/xz.js';
import { PoolTrackerError } from '../../errors.js';
import { ChunkedSource, listedChunks } from '../reading/chunked-source.js';
import { readBytes, type Source } from '../source.js';
import { FOOTER_SIZE, HEADER_SIZE, paddedSize, parseFooter, parseIndex, streamTail, XZ_MAGIC, type XzRecord } from './xz-format.js';

/** Blocks above this are streamed: a page out of one would cost too much. xz -6 -T0 makes blocks of 24 MiB. */
const LARGEST_BLOCK = 64 << 20;
const LARGEST_INDEX = 64 << 20;
const CACHE_BYTES = 128 << 20;

/** A block, where it lies in the file, and the header of its stream. */
interface XzBlock extends XzRecord {
  readonly offset: number;
  readonly header: Buffer;
}

/**
 * The view of an xz file of several blocks (xz -T, --block-size; pixz) by the indexes of its streams, from the last
 * to the first. Null for a file of one block, or with a block too large for it.
 * @throws PoolTrackerError FORMAT_DAMAGED when an index does not fit the file, as that of a file cut short
 */
export async function openXzIndex(source: Source): Promise<Source | null> {
  const blocks = (await readBlocks(source)).filter(({ size }) => size > 0);
  if (blocks.length < 2 || blocks.some((block) => Math.max(block.size, block.unpaddedSize) > LARGEST_BLOCK)) return null;
  const starts: number[] = [];
  let total = 0;
  for (const { size } of blocks) {
    starts.push(total);
    total += size;
  }
  return new ChunkedSource([source], {
    ...listedChunks(starts, total),
    async load({ index }) {
      const block = blocks[index]!;
      const alone = [block.header, await readBytes(source, block.offset, paddedSize(block)), streamTail(block, block.header.subarray(6, 8))];
      const pieces: Uint8Array[] = [];
      for await (const piece of decodeXzStream(alone)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  }, CACHE_BYTES);
}

/** How many bytes all blocks hold. @throws PoolTrackerError FORMAT_DAMAGED */
export async function xzSize(source: Source): Promise<number> {
  return (await readBlocks(source)).reduce((sum, { size }) => sum + size, 0);
}

async function readBlocks(source: Source): Promise<XzBlock[]> {
  const damaged = (problem: string): PoolTrackerError =>
    new PoolTrackerError('FORMAT_DAMAGED', `${source.name} is a damaged xz file: ${problem}; it may be cut short`);
  const streams: XzBlock[][] = [];
  let end = source.byteLength;
  while (end > 0) {
    const footerBytes = await readBytes(source, Math.max(0, end - FOOTER_SIZE), FOOTER_SIZE);
    // Stream Padding (2.2): zeros in fours.
    if (footerBytes.length === FOOTER_SIZE && footerBytes.readUInt32LE(8) === 0) {
      end -= 4;
      continue;
    }
    const footer = parseFooter(footerBytes);
    if (footer === null) throw damaged(`no stream ends at offset ${end}`);
    const indexAt = end - FOOTER_SIZE - footer.indexSize;
    if (indexAt < HEADER_SIZE || footer.indexSize > LARGEST_INDEX) throw damaged(`the index before offset ${end} has ${footer.indexSize} bytes, more than there is room for`);
    const records = parseIndex(await readBytes(source, indexAt, footer.indexSize));
    if (records === null) throw damaged(`no index is at offset ${indexAt}`);
    const headerAt = indexAt - records.reduce((sum, record) => sum + paddedSize(record), 0) - HEADER_SIZE;
    const header = headerAt < 0 ? Buffer.alloc(0) : await readBytes(source, headerAt, HEADER_SIZE);
    if (!header.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC) || !header.subarray(6, 8).equals(footer.flags)) {
      throw damaged(`the index at offset ${indexAt} lists blocks that do not fill its stream`);
    }
    let offset = headerAt + HEADER_SIZE;
    streams.push(records.map((record) => {
      const block = { ...record, offset, header };
      offset += paddedSize(record);
      return block;
    }));
    end = headerAt;
  }
  return streams.reverse().flat();
}
