import type { Container, Fields } from '../../source/reading/container.js';

/** Field offsets in disk_dump_header of either width. */
interface KdumpLayout {
  readonly wide: boolean;
  readonly blockSize: number;
  readonly subHeaderBlocks: number;
  readonly bitmapBlocks: number;
  readonly pageCount: number;
  /** In the sub header: the 64-bit number of pages, from version 6 on, and the ELF notes, from version 4 on. */
  readonly sub: { readonly pageCount: number; readonly notes: number; readonly size: number };
}

const WIDE: KdumpLayout = {
  wide: true,
  blockSize: 428,
  subHeaderBlocks: 432,
  bitmapBlocks: 436,
  pageCount: 440,
  sub: { pageCount: 96, notes: 48, size: 104 },
};

const NARROW: KdumpLayout = {
  wide: false,
  blockSize: 416,
  subHeaderBlocks: 420,
  bitmapBlocks: 424,
  pageCount: 428,
  sub: { pageCount: 72, notes: 32, size: 80 },
};

const HEADER = 464;
const MAX_BITMAP_BYTES = 2 ** 33;
const BLOCK_SIZES = [0x1000, 0x2000, 0x4000, 0x8000, 0x10000];

/** The header of a compressed kdump (makedumpfile's diskdump_mod.h); sizes and offsets in bytes. */
export interface KdumpHeader {
  readonly blockSize: number;
  /** The bitmap of the pages that are in the file, lowest bit first, and its length. */
  readonly bitmap: { readonly offset: number; readonly length: number };
  /** Pages of physical memory, which is the number of valid bits. */
  readonly pageCount: number;
  /** Offset of the page descriptors. */
  readonly descriptors: number;
  /** ELF notes of the machine's processors; length 0 when there are none. */
  readonly notes: { readonly offset: number; readonly length: number };
}

export function isKdump(head: Buffer): boolean {
  const signature = head.toString('latin1', 0, 8);
  return signature === 'KDUMP   ' || signature === 'DISKDUMP';
}

/** @throws PoolTrackerError FORMAT_DAMAGED */
export async function readKdumpHeader(container: Container): Promise<KdumpHeader> {
  const header = await container.fields(0, HEADER, 'the header');
  const layout = [WIDE, NARROW].find((candidate) => BLOCK_SIZES.includes(header.u32(candidate.blockSize)));
  if (layout === undefined) {
    throw container.damaged(
      `its block size is ${header.u32(WIDE.blockSize)}; expected a power of two from 4096 to 65536`,
    );
  }
  const version = header.u32(8);
  const blockSize = header.u32(layout.blockSize);
  const sub = await container.fields(blockSize, layout.sub.size, 'the sub header');
  const pageCount = version >= 6 ? sub.size(layout.sub.pageCount, 'the number of pages') : header.u32(layout.pageCount);
  const subHeaderBlocks = header.u32(layout.subHeaderBlocks);
  const bitmapBlocks = header.u32(layout.bitmapBlocks);
  // The blocks hold two bitmaps: pages that the machine had, then pages that are in the file.
  const length = (bitmapBlocks * blockSize) / 2;
  if (length > MAX_BITMAP_BYTES || Math.ceil(pageCount / 8) > length) {
    throw container.damaged(`its bitmaps of ${length} bytes do not fit ${pageCount} pages of memory`);
  }
  return {
    blockSize,
    bitmap: { offset: (1 + subHeaderBlocks) * blockSize + length, length },
    pageCount,
    descriptors: (1 + subHeaderBlocks + bitmapBlocks) * blockSize,
    notes: version >= 4 ? notesOf(sub, layout) : { offset: 0, length: 0 },
  };
}

/** Only hints: an implausible location counts as no notes. */
function notesOf(sub: Fields, layout: KdumpLayout): { offset: number; length: number } {
  const at = layout.sub.notes;
  const [offset, length] = layout.wide ? [sub.u64(at), sub.u64(at + 8)] : [sub.u64(at), BigInt(sub.u32(at + 8))];
  return offset + length > BigInt(Number.MAX_SAFE_INTEGER)
    ? { offset: 0, length: 0 }
    : { offset: Number(offset), length: Number(length) };
}
