import { hex } from '../../address.js';
import { decodeLznt1 } from '../../codec/lznt1.js';
import { PROBE_LENGTH, readBytes, type Source } from '../../source/source.js';
import { ChunkedSource, evenChunks, type Chunk } from '../../source/reading/chunked-source.js';
import { Container } from '../../source/reading/container.js';
import { crashDump32, crashDump64 } from './crash-dump.js';
import type { ImageFormat } from '../image.js';

const HEADER = 0x1000;
const BLOCK_HEADER = 12;
const LZNT1 = 2;

const MIN_BLOCK = 0x1000;
const MAX_BLOCK = 4 << 20;

/** Lists the blocks {ZBLK, compressed size, CRC32}, up to the number that the uncompressed size requires. */
async function listBlocks(container: Container, count: number): Promise<number[]> {
  const offsets: number[] = [];
  for (let offset = HEADER; offsets.length < count && offset + BLOCK_HEADER <= container.source.byteLength;) {
    const header = await container.fields(offset, BLOCK_HEADER, 'a block header');
    if (header.text(0, 4) !== 'ZBLK') throw container.damaged(`no block at file offset ${hex(offset)}; expected ZBLK`);
    const next = offset + BLOCK_HEADER + header.u32(4);
    if (next > container.source.byteLength) break;
    offsets.push(offset);
    offset = next;
  }
  return offsets;
}

/** The decompressed crash dump, as far as its blocks are present. */
async function decompressedView(container: Container): Promise<Source> {
  const header = await container.fields(0, HEADER, 'the header');
  const size = header.size(8, 'the uncompressed size');
  const blockSize = header.u32(0x10);
  const method = header.u16(0x16);
  if (method !== LZNT1) throw container.refused(`its compression is method ${method}`, 'LZNT1 (method 2) can be read');
  if (blockSize < MIN_BLOCK || blockSize > MAX_BLOCK || size === 0) {
    throw container.damaged(
      `its header tells of ${size} bytes in blocks of ${blockSize}; expected ${MIN_BLOCK} to ${MAX_BLOCK} a block`,
    );
  }
  const offsets = await listBlocks(container, Math.ceil(size / blockSize));
  const table = evenChunks(blockSize, Math.min(size, offsets.length * blockSize));
  const load = async (chunk: Chunk): Promise<Uint8Array> => {
    const offset = offsets[chunk.index]!;
    const stored = (await container.fields(offset, BLOCK_HEADER, 'a block header')).u32(4);
    const bytes = await container.bytes(offset + BLOCK_HEADER, stored, 'a block');
    return stored === blockSize ? bytes.subarray(0, chunk.length) : decodeLznt1(bytes, chunk.length);
  };
  return new ChunkedSource([container.source], { ...table, load });
}

/** A crash dump compressed in blocks. */
export const zdmp: ImageFormat = {
  name: 'zdmp',
  title: 'compressed Windows crash dump (.zdmp)',
  probe: (head) => head.toString('latin1', 0, 4) === 'ZDMP',
  async open(source) {
    const container = new Container(source, 'ZDMP file');
    const view = await decompressedView(container);
    const head = await readBytes(view, 0, PROBE_LENGTH);
    const inner = [crashDump64, crashDump32].find((format) => format.probe(head, view) === true);
    if (inner === undefined) throw container.damaged('what it holds is no crash dump; expected PAGEDU64 or PAGEDUMP');
    return { ...(await inner.open(view)), format: 'zdmp' };
  },
};
