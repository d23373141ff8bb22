import { hex, PAGE_SIZE } from '../../address.js';
import type { StateComplaints, StateReader } from './state-reader.js';

const VERSION = 1;

/** Pages begin at a multiple of it. */
const ALIGNMENT = 1 << 20;

/** The bitmap's length is a multiple of a word's. */
const WORD = 8;

/** A block whose pages each have a place of their own in the file, where the last version of each lies. */
export interface MappedBlock {
  /** Where the state begins in the file that QEMU wrote to. */
  readonly base: number;
  /** Offset of the bitmap in the state; it tells which pages were written. The others are zeros. */
  readonly bitmapOffset: number;
  /** Offset of page 0 in the state. */
  readonly pagesOffset: number;
}

/** Of a bitmap for a block of `size` bytes. */
export function bitmapLength(size: number): number {
  return Math.ceil(size / PAGE_SIZE / 8 / WORD) * WORD;
}

export function isMarked(bitmap: Buffer, page: number): boolean {
  return ((bitmap[page >> 3]! >> (page & 7)) & 1) === 1;
}

/**
 * The header behind a block's entry, with the capability mapped-ram (QEMU's docs/devel/migration/mapped-ram.rst and
 * migration/ram.c, 9.0 and later). The bitmap follows it, then the pages. Offsets are those of the file that QEMU wrote
 * to, in which a state may begin behind something else, as in libvirt's save files.
 * @param block its name and size
 * @param base where the state begins in that file, as blocks before tell; null for the first one
 * @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED
 */
export async function readMappedHeader(
  reader: StateReader,
  block: { readonly name: string; readonly size: number },
  base: number | null,
  complaints: StateComplaints,
): Promise<MappedBlock | null> {
  const version = await reader.u32();
  const pageSize = await reader.u64();
  const bitmapAt = Number(await reader.u64());
  const pagesAt = Number(await reader.u64());
  if (version !== VERSION || pageSize !== BigInt(PAGE_SIZE)) {
    throw complaints.refused(
      `its block '${block.name}' is mapped in version ${version}, with pages of ${pageSize} bytes; version ${VERSION} with ${PAGE_SIZE} is read`,
      'dump the machine as ELF',
    );
  }
  // Memory that another file holds, which the state leaves out.
  if (bitmapAt === 0 && pagesAt === 0) return null;
  const bitmapOffset = reader.offset;
  const own = bitmapAt - bitmapOffset;
  const length = bitmapLength(block.size);
  const isInOrder = bitmapAt + length <= pagesAt && pagesAt % PAGE_SIZE === 0;
  const isNear = own === 0 || pagesAt === Math.ceil((bitmapAt + length) / ALIGNMENT) * ALIGNMENT;
  if (own < 0 || own !== (base ?? own) || !isInOrder || !isNear || pagesAt + block.size > Number.MAX_SAFE_INTEGER) {
    throw complaints.damaged(
      `the bitmap of its block '${block.name}' lies at ${hex(bitmapAt)}, its pages at ${hex(pagesAt)}; expected one behind the other from ${hex(bitmapOffset + (base ?? 0))} on`,
    );
  }
  return { base: own, bitmapOffset, pagesOffset: pagesAt - own };
}
