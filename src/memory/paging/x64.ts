import { NO_ROOTS, type PageWords, type Paging, WHOLE_PAGE } from './page-table.js';
import { type Entry, softwareEntry } from './software-entry.js';
import { type TableFormat, type TableLevel, TableWalker } from './table-walker.js';

/** Bit 7 of an entry on the levels of 1 GiB and 2 MiB: it maps a page, not a table. */
const LARGE = 1n << 7n;
/** Bits 12 to 51. */
const FRAME = 0x000ffffffffff000n;
const SOFTWARE = { frame: FRAME, isHidden: true, isFileBacked: true };

/** Levels whose entries may map large pages, counted from the last: PD and PDPT. */
const LARGE_LEVELS = [1, 2];

/** x64 page tables of so many levels (Intel SDM volume 3, chapter 4). */
export function x64Format(levels: readonly TableLevel[]): TableFormat {
  const last = levels.length - 1;
  const withinLarge = levels.map(({ shift }) => (1n << shift) - 1n);
  return {
    levels,
    entrySize: 8,
    addressBits: levels[0]!.shift + 9n,
    present(entry, level): Entry {
      if (level === last) return { kind: 'page', address: Number(entry & FRAME) };
      if ((entry & LARGE) === 0n || !LARGE_LEVELS.includes(last - level))
        return { kind: 'table', address: Number(entry & FRAME) };
      return { kind: 'page', address: Number(entry & FRAME & ~withinLarge[level]!) };
    },
    absent: (entry, build, memoryEnd) => softwareEntry(entry, SOFTWARE, build, memoryEnd),
  };
}

/** The levels of every x64 processor. */
export const FOUR_LEVELS: readonly TableLevel[] = [
  { name: 'PML4', shift: 39n, entries: 512 },
  { name: 'PDPT', shift: 30n, entries: 512 },
  { name: 'PD', shift: 21n, entries: 512 },
  { name: 'PT', shift: 12n, entries: 512 },
];

/**
 * A page with an entry in its upper half that is present, writable, and names the page: slot 0x1ED before Windows 10
 * 1607, any of 0x100 to 0x1FF since, on both four and five levels.
 */
export function rootsOnX64({ words, first, address }: PageWords): readonly number[] {
  const low = (address % 2 ** 32) / 0x1000;
  const high = Math.floor(address / 2 ** 32);
  for (let at = first + 0x200; at < first + 0x400; at += 2) {
    const word = words[at]!;
    if (word >>> 12 === low && (word & 3) === 3 && (words[at + 1]! & 0xfffff) === high) return WHOLE_PAGE;
  }
  return NO_ROOTS;
}

const FORMAT = x64Format(FOUR_LEVELS);

/** x64 with four levels: 48 bits of virtual address, pages of 4 KiB, 2 MiB and 1 GiB. */
export const x64: Paging = {
  name: 'x64',
  architecture: 'x64',
  pointerSize: 8,
  levels: 4,
  rootAlignment: 0x1000,
  open: (memory, root, build) => new TableWalker(x64, FORMAT, memory, root, build),
  rootsOn: rootsOnX64,
};
