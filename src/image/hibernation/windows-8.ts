import { hex, PAGE_SIZE } from '../../address.js';
import type { Container, Fields } from '../../source/reading/container.js';
import { compressionOf, MAX_PAGES, type CompressionSet } from './sets.js';

/** Offsets in PO_MEMORY_IMAGE of the restore sets and the kernel set's page count, by the structure's length. */
interface MemoryImageLayout {
  readonly firstBootRestorePage: number;
  readonly firstKernelRestorePage: number;
  readonly kernelPagesProcessed: number;
}

const PAGE_SIZE_FIELD = 0x18;
const NUM_PAGES_FOR_LOADER = 0x58;

/** x64: 26100; 20348 to 22621; 17763 to 19041; 15063 to 17134; 14393; 10240 to 10586; 9200 to 9600. */
const LAYOUTS: Readonly<Record<number, MemoryImageLayout>> = {
  0x4d8: { firstBootRestorePage: 0x68, firstKernelRestorePage: 0x70, kernelPagesProcessed: 0x238 },
  0x448: { firstBootRestorePage: 0x68, firstKernelRestorePage: 0x70, kernelPagesProcessed: 0x230 },
  0x3e0: { firstBootRestorePage: 0x68, firstKernelRestorePage: 0x70, kernelPagesProcessed: 0x230 },
  0x3d8: { firstBootRestorePage: 0x68, firstKernelRestorePage: 0x70, kernelPagesProcessed: 0x230 },
  0x3c8: { firstBootRestorePage: 0x68, firstKernelRestorePage: 0x70, kernelPagesProcessed: 0x220 },
  0x3b0: { firstBootRestorePage: 0x68, firstKernelRestorePage: 0x70, kernelPagesProcessed: 0x218 },
  0x360: { firstBootRestorePage: 0x60, firstKernelRestorePage: 0x68, kernelPagesProcessed: 0x1c8 },
};

/** Whether `header`, the file's first page, is from Windows 8 or later on x64. */
export function isWindows8Layout(header: Fields): boolean {
  return LAYOUTS[header.u32(0xc)] !== undefined;
}

/**
 * The sets of Windows 8 and later: the kernel's restore set, restored last and so authoritative, then the loader's;
 * null where the file ends before the next one.
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function* windows8Sets(container: Container, header: Fields): AsyncGenerator<CompressionSet | null> {
  const layout = LAYOUTS[header.u32(0xc)]!;
  if (header.u32(PAGE_SIZE_FIELD) !== PAGE_SIZE) {
    throw container.damaged(`its pages have ${header.u32(PAGE_SIZE_FIELD)} bytes; expected ${PAGE_SIZE}`);
  }
  for (const [first, count] of [
    [layout.firstKernelRestorePage, layout.kernelPagesProcessed],
    [layout.firstBootRestorePage, NUM_PAGES_FOR_LOADER],
  ] as const) {
    const page = header.size(first, "a restore set's first page");
    yield* restoreSet(container, page * PAGE_SIZE, header.size(count, "a restore set's number of pages"));
  }
}

async function* restoreSet(
  container: Container,
  start: number,
  pageCount: number,
): AsyncGenerator<CompressionSet | null> {
  let offset = start;
  for (let left = pageCount; left > 0;) {
    if (offset + 4 >= container.source.byteLength) {
      yield null;
      return;
    }
    const head = await container.fields(
      offset,
      Math.min(4 + MAX_PAGES * 8, container.source.byteLength - offset),
      'a compression set',
    );
    const word = head.u32(0);
    const descriptors = word & 0xff;
    const size = (word >>> 8) & 0xfffff;
    if (descriptors === 0 || descriptors > MAX_PAGES || size === 0 || 4 + descriptors * 8 > head.bytes.length) {
      throw container.damaged(
        `no compression set at file offset ${hex(offset)}; ${left} pages are left of the restore set`,
      );
    }
    const pages: number[] = [];
    for (let index = 0; index < descriptors; index++) {
      const descriptor = head.size(4 + index * 8, 'a page descriptor');
      const first = Math.floor(descriptor / 16);
      for (let page = 0; page <= descriptor % 16; page++) pages.push(first + page);
    }
    if (pages.length > MAX_PAGES)
      throw container.damaged(
        `the set at file offset ${hex(offset)} has ${pages.length} pages; expected at most ${MAX_PAGES}`,
      );
    offset += 4 + descriptors * 8;
    const compression = compressionOf(size, pages.length, word >>> 30 === 0 ? 'xpress-lz77' : 'xpress-huffman');
    yield { offset, size, compression, pages };
    offset += size;
    left -= pages.length;
  }
}
