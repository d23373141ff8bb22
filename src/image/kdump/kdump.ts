import { decodeLzo1x } from '../../codec/lzo.js';
import { decodeSnappy } from '../../codec/snappy.js';
import { decodeZlib } from '../../codec/zlib.js';
import { decodeZstdFrame } from '../../codec/zstd/zstd.js';
import { PROBE_LENGTH, readBytes } from '../../source/source.js';
import { ClippedRuns, forEachSetBits } from '../clipped-runs.js';
import { ChunkedSource, evenChunks, type Chunk } from '../../source/reading/chunked-source.js';
import { Container, type Fields } from '../../source/reading/container.js';
import { processorHints, readElfNotes } from '../processor-notes.js';
import { flattenedView, isFlattened } from './flattened-view.js';
import type { ImageFormat } from '../image.js';
import { isKdump, readKdumpHeader, type KdumpHeader } from './header.js';
import { RecordTable } from '../../source/reading/record-table.js';

/** page_desc: offset u64, size u32, flags u32, page flags u64. */
const DESCRIPTOR = 24;

const ZLIB = 0x1;
const LZO = 0x2;
const SNAPPY = 0x4;
const ZSTD = 0x20;

const CHUNK = 1 << 20;

/** Runs of the pages that are in the file, which are consecutive in the view. */
async function readRuns(container: Container, header: KdumpHeader): Promise<{ runs: ClippedRuns; pages: number }> {
  const { blockSize, bitmap, pageCount } = header;
  const stored = Math.max(0, Math.floor((container.source.byteLength - header.descriptors) / DESCRIPTOR));
  const runs = new ClippedRuns(container, stored * blockSize);
  const bytes = Math.ceil(pageCount / 8);
  let pages = 0;
  for (let done = 0; done < bytes; done += CHUNK) {
    const chunk = await container.bytes(bitmap.offset + done, Math.min(CHUNK, bytes - done), 'the bitmap');
    forEachSetBits(chunk, pageCount - done * 8, (bit, count) => {
      runs.add((done * 8 + bit) * blockSize, count * blockSize, pages * blockSize);
      pages += count;
    });
  }
  return { runs, pages: Math.min(pages, stored) };
}

async function decompress(data: Buffer, flags: number, blockSize: number, container: Container): Promise<Uint8Array> {
  if (flags & ZLIB) return decodeZlib(data, blockSize);
  if (flags & LZO) return decodeLzo1x(data, blockSize);
  if (flags & SNAPPY) return decodeSnappy(data, blockSize);
  if (flags & ZSTD) return decodeZstdFrame(data, blockSize);
  if (data.length === blockSize) return data;
  throw container.damaged(`a page of ${data.length} bytes is marked with ${flags}, none of zlib, LZO, snappy and zstd`);
}

async function loadPage(container: Container, descriptor: Fields, blockSize: number): Promise<Uint8Array> {
  const size = descriptor.u32(8);
  if (size > 2 * blockSize)
    throw container.damaged(`a page takes ${size} bytes in it; expected at most ${2 * blockSize}`);
  const data = await container.bytes(descriptor.size(0, "a page's offset"), size, 'a page');
  const page = await decompress(data, descriptor.u32(12), blockSize, container);
  if (page.length !== blockSize) throw container.damaged(`a page holds ${page.length} bytes; expected ${blockSize}`);
  return page;
}

/** Compressed kdump: a bitmap of pages, a descriptor for each, and individually compressed pages; also flattened. */
export const kdump: ImageFormat = {
  name: 'kdump',
  title: 'compressed kdump (makedumpfile, QEMU dump-guest-memory, virsh dump)',
  probe: (head) => isKdump(head) || isFlattened(head),
  async open(source) {
    const flat = isFlattened(await readBytes(source, 0, PROBE_LENGTH));
    const file = flat ? await flattenedView(new Container(source, 'flattened kdump')) : source;
    const container = new Container(file, 'compressed kdump');
    if (flat && !isKdump(await readBytes(file, 0, PROBE_LENGTH))) {
      throw container.refused('the flattened file holds no compressed kdump', 'unflatten it with makedumpfile -R');
    }
    const header = await readKdumpHeader(container);
    const { blockSize, notes } = header;
    const { runs, pages } = await readRuns(container, header);
    const descriptors = new RecordTable(container, header.descriptors, DESCRIPTOR, pages, 'page descriptor');
    // Page by page: one that is damaged must not take its neighbours along.
    const load = async ({ index }: Chunk): Promise<Uint8Array> =>
      loadPage(container, await descriptors.get(index), blockSize);
    return {
      format: 'kdump',
      source: new ChunkedSource([file], { ...evenChunks(blockSize, pages * blockSize), load }),
      ...runs.finish(),
      hints: processorHints(
        notes.length === 0 ? [] : await readElfNotes(container, notes.offset, notes.length),
        'unknown',
      ),
    };
  },
};
