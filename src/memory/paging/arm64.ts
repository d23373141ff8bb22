import { NO_ROOTS, type PageWords, type Paging, WHOLE_PAGE } from './page-table.js';
import { type Entry, NOTHING, softwareEntry } from './software-entry.js';
import { type TableFormat, TableWalker } from './table-walker.js';

/** Bit 1 of a valid entry: a table or, on the last level, a page; without it a block. */
const TABLE = 2n;
/** Bits 12 to 49. */
const FRAME = 0x0003fffffffff000n;
const BLOCK_FRAMES = [null, FRAME & ~0x3fffffffn, FRAME & ~0x1fffffn, null] as const;
const SOFTWARE = { frame: FRAME, isHidden: false, isFileBacked: true };

const FORMAT: TableFormat = {
  levels: [
    { name: 'L0', shift: 39n, entries: 512 },
    { name: 'L1', shift: 30n, entries: 512 },
    { name: 'L2', shift: 21n, entries: 512 },
    { name: 'L3', shift: 12n, entries: 512 },
  ],
  entrySize: 8,
  addressBits: 48n,
  present(entry, level): Entry {
    if ((entry & TABLE) !== 0n) return { kind: level === 3 ? 'page' : 'table', address: Number(entry & FRAME) };
    // Blocks are of 1 GiB or 2 MiB; on the other levels the form is reserved.
    const frame = BLOCK_FRAMES[level]!;
    return frame === null ? NOTHING : { kind: 'page', address: Number(entry & frame) };
  },
  absent: (entry, build, memoryEnd) => softwareEntry(entry, SOFTWARE, build, memoryEnd),
};

/**
 * A kernel entry that names a table no user or lower level may execute from or write to: of bits 0 to 6, bits 0 and 1
 * alone; of 48 to 54, PXN and UXN. In 32-bit words, without the address.
 */
const LOW_BITS = 0x73;
const LOW_TABLE = 3;
const HIGH_BITS = 0x00630000;
const HIGH_TABLE = 0x00600000;

/** The address that the entry at a word names as a table of the kernel's; -1 when it has not that form. */
function tableAt(words: Uint32Array, at: number): number {
  const low = words[at]!;
  if ((low & LOW_BITS) !== LOW_TABLE) return -1;
  const high = words[at + 1]!;
  return (high & HIGH_BITS) === HIGH_TABLE ? (high & 0xffff) * 2 ** 32 + ((low & 0xfffff000) >>> 0) : -1;
}

/** A page with an entry in its upper half that names the page as a table. */
function rootsOn({ words, first, address }: PageWords): readonly number[] {
  for (let at = first + 0x200; at < first + 0x400; at += 2) if (tableAt(words, at) === address) return WHOLE_PAGE;
  return NO_ROOTS;
}

/** RAM begins at a multiple of this. */
const RAM_ALIGNMENT = 1 << 21;

/** RAM may begin at 1 GiB, as on QEMU's board, or anywhere, and a raw file does not say where. */
function ownAddresses({ words, first, address }: PageWords): readonly number[] {
  let found = NO_ROOTS;
  for (let at = first + 0x200; at < first + 0x400; at += 2) {
    const named = tableAt(words, at);
    if (named > address && (named - address) % RAM_ALIGNMENT === 0) found = [...found, named];
  }
  return found;
}

/**
 * ARM64 with 4 KiB granules: four levels; pages of 4 KiB, blocks of 2 MiB and 1 GiB. Windows keeps both halves of the
 * address space in one root (TTBR1 and TTBR0 alike): its entries 256 to 511 are the kernel's.
 */
export const arm64: Paging = {
  name: 'arm64',
  architecture: 'arm64',
  pointerSize: 8,
  levels: 4,
  rootAlignment: 0x1000,
  open: (memory, root, build) => new TableWalker(arm64, FORMAT, memory, root, build),
  rootsOn,
  ownAddresses,
};
