import { hex, PAGE_SIZE } from '../address.js';
import { forEachSetBits } from './bitmap.js';
import { ClippedRuns, type FinishedRuns } from './clipped-runs.js';
import type { Container } from '../source/reading/container.js';

const BITMAP_FIRST_PAGE = 0x20;
const PAGES_PRESENT = 0x28;
const BITS = 0x30;
const BITMAP = 0x38;

/** 256 TiB of memory, more than any Windows supports. */
const MOST_BITS = 2 ** 36;

const CHUNK = 1 << 20;

/**
 * The runs of a bitmap dump (DumpType 5 and 6): BMP header at `at`, a bit for each page of physical memory, and the
 * pages whose bit is set, one after another. The signature is `FDMP` or `SDMP` whatever the type.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function readBitmapRuns(container: Container, at: number): Promise<FinishedRuns> {
  const header = await container.fields(at, BITMAP, 'the bitmap header');
  const signature = header.bytes.toString('latin1', 0, 8);
  if (signature !== 'FDMPDUMP' && signature !== 'SDMPDUMP') {
    throw container.damaged(`no bitmap header at file offset ${hex(at)}; expected FDMP or SDMP, then DUMP`);
  }
  const firstPage = header.size(BITMAP_FIRST_PAGE, "the first page's offset");
  const present = header.size(PAGES_PRESENT, 'the number of pages present');
  const bits = header.size(BITS, 'the number of bits');
  const start = at + BITMAP;
  const bytes = Math.ceil(bits / 8);
  if (bits > MOST_BITS || start + bytes > firstPage) {
    throw container.damaged(
      `the bitmap of ${bits} bits at file offset ${hex(start)} does not fit in before the first page at ${hex(firstPage)}`,
    );
  }
  const runs = new ClippedRuns(container);
  let offset = firstPage;
  const end = firstPage + present * PAGE_SIZE;
  const addPages = (page: number, count: number): void => {
    if (offset + count * PAGE_SIZE > end) {
      throw container.damaged(`the bitmap marks more pages than the ${present} that its header counts`);
    }
    runs.add(page * PAGE_SIZE, count * PAGE_SIZE, offset);
    offset += count * PAGE_SIZE;
  };
  for (let done = 0; done < bytes; done += CHUNK) {
    const chunk = await container.bytes(start + done, Math.min(CHUNK, bytes - done), 'the bitmap');
    forEachSetBits(chunk, bits - done * 8, (bit, count) => addPages(done * 8 + bit, count));
  }
  if (offset !== end) {
    throw container.damaged(`the bitmap marks ${(offset - firstPage) / PAGE_SIZE} pages, but its header counts ${present}`);
  }
  return runs.finish();
}
