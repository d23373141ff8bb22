import { hex, PAGE_SIZE } from '../../address.js';
import type { Container } from '../../source/reading/container.js';
import { ClippedRuns, type FinishedRuns, forEachSetBits } from '../clipped-runs.js';

/** Bytes of a list that are read at a time. */
const CHUNK = 1 << 20;

/** RDMP header, by offset: sizes of 8 bytes, then the ranges. */
const RDMP = { metadataSize: 0x10, firstPage: 0x18, pages: 0x28, ranges: 0x30 };
const RDMP_RANGE = 16;

/** The metadata size is counted from here; the first page follows the metadata. */
const RDMP_METADATA_START = 0x20;

/** More ranges than a terabyte of memory in 64 KiB pieces. */
const MAX_METADATA = 2 ** 28;

/** `.dump /f`: its header counts the pages, and the ranges end when all are listed. */
const RDMP_COMPLETE = 10;

/** Bitmap header, by offset: sizes of 8 bytes, then the bitmap. */
const BITMAP = { firstPage: 0x20, pages: 0x28, bitCount: 0x30, bits: 0x38 };

/** 256 TiB of memory, more than any Windows supports. */
const MAX_BITS = 2 ** 36;

/**
 * The runs of a `.dump /k`, `/ka` or `/f` file (DumpType 8, 9, 10): RDMP header at `at`, ranges {page, pages}, then
 * the pages of all ranges, concatenated. Types 8 and 9 end their ranges with page 0.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readRdmpRuns(container: Container, at: number, dumpType: number): Promise<FinishedRuns> {
  const header = await container.fields(at, RDMP.ranges, 'the RDMP header');
  if (header.bytes.toString('latin1', 4, 12) !== 'RDMPDUMP') {
    throw container.damaged(`no RDMP header at file offset ${hex(at)}; expected RDMP, then DUMP`);
  }
  const metadata = header.size(RDMP.metadataSize, 'the metadata size');
  const firstPage = header.size(RDMP.firstPage, "the first page's offset");
  if (metadata > MAX_METADATA || at + RDMP_METADATA_START + metadata !== firstPage) {
    throw container.damaged(
      `the RDMP header has ${hex(metadata)} bytes of metadata and the first page at ${hex(firstPage)}, which do not agree`,
    );
  }
  const counted = dumpType === RDMP_COMPLETE ? header.size(RDMP.pages, 'the number of pages') : Infinity;
  const runs = new ClippedRuns(container);
  const start = at + RDMP.ranges;
  const end = start + Math.floor((firstPage - start) / RDMP_RANGE) * RDMP_RANGE;
  let offset = firstPage;
  let pages = 0;
  for (let chunkStart = start; chunkStart < end && pages < counted; chunkStart += CHUNK) {
    const chunk = await container.fields(chunkStart, Math.min(CHUNK, end - chunkStart), 'the list of ranges');
    for (let entry = 0; entry < chunk.bytes.length && pages < counted; entry += RDMP_RANGE) {
      const page = chunk.size(entry, 'a page number');
      if (page === 0 && counted === Infinity) return runs.finish();
      const count = chunk.size(entry + 8, 'a page count');
      runs.add(page * PAGE_SIZE, count * PAGE_SIZE, offset);
      offset += count * PAGE_SIZE;
      pages += count;
    }
  }
  if (counted !== Infinity && pages !== counted) {
    runs.warn(
      'image-header-odd',
      `the RDMP header counts ${counted} pages, but its ranges hold ${pages}; the ranges are believed`,
    );
  }
  return runs.finish();
}

/**
 * The runs of a bitmap dump (DumpType 5 and 6): BMP header at `at`, a bit for each page of physical memory, and the
 * pages whose bit is set, concatenated. The signature is `FDMP` or `SDMP` whatever the type.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readBitmapRuns(container: Container, at: number): Promise<FinishedRuns> {
  const header = await container.fields(at, BITMAP.bits, 'the bitmap header');
  const signature = header.bytes.toString('latin1', 0, 8);
  if (signature !== 'FDMPDUMP' && signature !== 'SDMPDUMP') {
    throw container.damaged(`no bitmap header at file offset ${hex(at)}; expected FDMP or SDMP, then DUMP`);
  }
  const firstPage = header.size(BITMAP.firstPage, "the first page's offset");
  const present = header.size(BITMAP.pages, 'the number of pages present');
  const bits = header.size(BITMAP.bitCount, 'the number of bits');
  const start = at + BITMAP.bits;
  // Some writers round the number of bits up beyond the room that they leave.
  const bytes = Math.min(Math.ceil(bits / 8), firstPage - start);
  if (bits > MAX_BITS || bytes <= 0) {
    throw container.damaged(
      `the bitmap of ${bits} bits at file offset ${hex(start)} does not fit in before the first page at ${hex(firstPage)}`,
    );
  }
  const runs = new ClippedRuns(container);
  if (bytes < Math.ceil(bits / 8))
    runs.warn('image-header-odd', `the bitmap of ${bits} bits is longer than the room before the first page`);
  let offset = firstPage;
  const end = firstPage + present * PAGE_SIZE;
  const addPages = (page: number, count: number): void => {
    runs.add(page * PAGE_SIZE, count * PAGE_SIZE, offset);
    offset += count * PAGE_SIZE;
  };
  for (let done = 0; done < bytes; done += CHUNK) {
    const chunk = await container.bytes(start + done, Math.min(CHUNK, bytes - done), 'the bitmap');
    forEachSetBits(chunk, bits - done * 8, (bit, count) => addPages(done * 8 + bit, count));
  }
  if (offset !== end) {
    const odd = `the bitmap marks ${(offset - firstPage) / PAGE_SIZE} pages, but its header counts ${present}`;
    // A wrong bit would move every page behind it: only the length of the file can show that it is the header.
    if (Math.floor((container.source.byteLength - firstPage) / PAGE_SIZE) * PAGE_SIZE + firstPage !== offset)
      throw container.damaged(odd);
    runs.warn('image-header-odd', `${odd}; the bitmap is believed`);
  }
  return runs.finish();
}
