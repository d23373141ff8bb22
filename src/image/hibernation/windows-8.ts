import { hex, PAGE_SIZE } from '../../address.js';
import { readBytes, type Source } from '../../source/source.js';
import type { Container, Fields } from '../../source/reading/container.js';
import { type CompressionSet, compressionOf, type LostPages } from './sets.js';

/** Offsets in PO_MEMORY_IMAGE of the restore sets and the kernel set's page count, by the structure's length. */
interface MemoryImageLayout {
  readonly firstBootRestorePage: number;
  readonly firstKernelRestorePage: number;
  /** Null for a structure that nobody has seen: its set ends where no further one begins. */
  readonly kernelPagesProcessed: number | null;
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

/** All versions since 10240 have the two restore sets in the same places. */
const UNKNOWN_LAYOUT: MemoryImageLayout = {
  firstBootRestorePage: 0x68,
  firstKernelRestorePage: 0x70,
  kernelPagesProcessed: null,
};

/** A length of PO_MEMORY_IMAGE that newer versions may have. */
const isPossibleLength = (length: number): boolean => length >= 0x100 && length <= PAGE_SIZE && length % 8 === 0;

/** A restore set to be read: where it begins, and how many pages it has, if that is known. */
interface RestoreSet {
  readonly start: number;
  readonly pages: number | null;
  /** Where the other one begins, if that is behind it. */
  readonly end?: number;
}

/** Whether `header`, the file's first page, is of a version that is known. */
export function isWindows8Layout(header: Fields): boolean {
  return LAYOUTS[header.u32(0xc)] !== undefined;
}

/** Whether it can be of a version that nobody has seen: both restore sets begin where it says. */
export async function isUnknownWindows8(container: Container, header: Fields): Promise<boolean> {
  if (!isPossibleLength(header.u32(0xc)) || header.u32(PAGE_SIZE_FIELD) !== PAGE_SIZE) return false;
  for (const field of [UNKNOWN_LAYOUT.firstKernelRestorePage, UNKNOWN_LAYOUT.firstBootRestorePage])
    if (!(await beginsSets(container.source, Number(header.u64(field)) * PAGE_SIZE))) return false;
  return true;
}

/**
 * The sets of Windows 8 and later: the kernel's restore set, restored last and so authoritative, then the loader's;
 * null where the file ends before the next one. What is damaged is passed over to the next sets that can be read.
 * @param lost receives what could not be read
 */
export async function* windows8Sets(
  container: Container,
  header: Fields,
  lost: LostPages,
): AsyncGenerator<CompressionSet | null> {
  const layout = LAYOUTS[header.u32(0xc)] ?? UNKNOWN_LAYOUT;
  if (header.u32(PAGE_SIZE_FIELD) !== PAGE_SIZE) {
    throw container.damaged(`its pages have ${header.u32(PAGE_SIZE_FIELD)} bytes; expected ${PAGE_SIZE}`);
  }
  const startOf = (field: number): number => header.size(field, "a restore set's first page") * PAGE_SIZE;
  const set = (first: number, count: number | null): RestoreSet => {
    const { firstKernelRestorePage, firstBootRestorePage } = layout;
    const other = startOf(first === firstKernelRestorePage ? firstBootRestorePage : firstKernelRestorePage);
    return {
      start: startOf(first),
      pages: count === null ? null : header.size(count, "a restore set's number of pages"),
      ...(other > startOf(first) && { end: other }),
    };
  };
  yield* restoreSet(container, set(layout.firstKernelRestorePage, layout.kernelPagesProcessed), lost);
  yield* restoreSet(container, set(layout.firstBootRestorePage, NUM_PAGES_FOR_LOADER), lost);
}

/** Pages of the file that are searched for the beginning of sets where the header is gone. */
const SEARCHED_PAGES = 1 << 16;

/**
 * The sets of a file whose header was wiped when Windows resumed from it: restore sets begin on pages.
 * @returns null when none is found
 */
export async function setsWithoutHeader(
  container: Container,
): Promise<((lost: LostPages) => AsyncGenerator<CompressionSet | null>) | null> {
  const { source } = container;
  const last = Math.min(SEARCHED_PAGES, Math.floor(source.byteLength / PAGE_SIZE));
  for (let page = 1; page < last; page++) {
    const start = page * PAGE_SIZE;
    if (!(await beginsSets(source, start))) continue;
    return async function* (lost) {
      for (let at: number | null = start; at !== null;) {
        let end = at;
        for await (const set of restoreSet(container, { start: at, pages: null }, lost)) {
          if (set !== null) end = set.offset + set.size;
          yield set;
        }
        at = await nextSets(source, Math.ceil(end / PAGE_SIZE) * PAGE_SIZE, PAGE_SIZE, SEARCHED_PAGES);
      }
    };
  }
  return null;
}

/** Bytes of descriptors in a set's header. */
const DESCRIPTOR = 8;
const MAX_DESCRIPTORS = 0xff;
/** Page numbers below this: 4 TiB. */
const MAX_FRAME = 2 ** 30;
/** Sets one behind another that show that they are sets. */
const CHAIN = 3;
/** How far behind a damaged set the next ones are looked for: sets are at most a mebibyte long. */
const RESYNC = 4 << 20;

/** A set's header; a reason when there is none. */
function parseSet(head: Buffer, offset: number): (CompressionSet & { readonly end: number }) | string {
  if (head.length < 4) return 'no compression set';
  const word = head.readUInt32LE(0);
  const descriptors = word & 0xff;
  const size = (word >>> 8) & 0xfffff;
  const data = 4 + descriptors * DESCRIPTOR;
  if (descriptors === 0 || size === 0 || data > head.length) return 'no compression set';
  const pages: number[] = [];
  for (let index = 0; index < descriptors; index++) {
    const descriptor = head.readBigUInt64LE(4 + index * DESCRIPTOR);
    const first = Number(descriptor >> 4n);
    if (first >= MAX_FRAME) return `a set with page ${hex(first)}; expected pages below ${hex(MAX_FRAME)}`;
    for (let page = 0; page <= Number(descriptor & 15n); page++) pages.push(first + page);
  }
  if (size > pages.length * PAGE_SIZE) return `a set of ${size} bytes for ${pages.length} pages`;
  const compression = compressionOf(size, pages.length, word >>> 30 === 0 ? 'xpress-lz77' : 'xpress-huffman');
  return { offset: offset + data, size, compression, pages, end: offset + data + size };
}

const HEAD = 4 + MAX_DESCRIPTORS * DESCRIPTOR;

async function setAt(source: Source, offset: number): Promise<ReturnType<typeof parseSet>> {
  return parseSet(await readBytes(source, offset, HEAD), offset);
}

/** Whether several sets follow one another from an offset on, with no page twice. */
async function beginsSets(source: Source, offset: number): Promise<boolean> {
  const pages = new Set<number>();
  for (let at = offset, count = 0; count < CHAIN; count++) {
    const set = await setAt(source, at);
    if (typeof set === 'string' || set.end > source.byteLength) return false;
    for (const page of set.pages) {
      if (pages.has(page)) return false;
      pages.add(page);
    }
    at = set.end;
    // Nothing else ends so exactly.
    if (at === source.byteLength) return true;
  }
  return true;
}

/** Where sets begin next; null where none do within reach. */
async function nextSets(source: Source, from: number, step: number, steps: number): Promise<number | null> {
  for (let start = from, left = steps; left > 0 && start + 4 < source.byteLength;) {
    const window = await readBytes(source, start, Math.min(1 << 20, step * left) + HEAD);
    const isLast = start + window.length >= source.byteLength;
    const places = Math.min(left, Math.ceil((window.length - (isLast ? 0 : HEAD)) / step));
    for (let place = 0; place < places; place++) {
      const at = place * step;
      // Most places are told apart by their first descriptor alone.
      if (typeof parseSet(window.subarray(at, at + HEAD), start + at) === 'string') continue;
      if (await beginsSets(source, start + at)) return start + at;
    }
    if (isLast) return null;
    start += places * step;
    left -= places;
  }
  return null;
}

async function isZero(source: Source, from: number, to: number): Promise<boolean> {
  return (await readBytes(source, from, to - from)).every((byte) => byte === 0);
}

async function* restoreSet(
  container: Container,
  { start, pages, end = container.source.byteLength }: RestoreSet,
  lost: LostPages,
): AsyncGenerator<CompressionSet | null> {
  const { source } = container;
  let left = pages ?? Infinity;
  // From the first damage on it is not known how many pages were passed over, and so how many are to come.
  let isOpen = pages === null;
  for (let offset = start; left > 0;) {
    if (offset + 4 >= Math.min(end, source.byteLength)) {
      if (!isOpen) yield null;
      return;
    }
    const set = await setAt(source, offset);
    if (typeof set !== 'string') {
      yield set;
      offset = set.end;
      left -= set.pages.length;
      continue;
    }
    const next = await nextSets(source, offset + 1, 1, RESYNC);
    if (next === null) {
      // Where the number of pages is not known, this may be the end.
      if (!isOpen) lost.tell(`${set} at file offset ${hex(offset)}`, left);
      return;
    }
    // Zeros up to a page are what separates one restore set from the next.
    if (next >= end) return;
    if (isOpen && (next - offset > PAGE_SIZE || (await isZero(source, offset, next)))) return;
    lost.tell(`${set} at file offset ${hex(offset)}`, null);
    isOpen = true;
    offset = next;
  }
}
