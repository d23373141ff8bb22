import { NO_ROOTS, type PageWords, type Paging } from './page-table.js';
import { softwareEntry } from './software-entry.js';
import { type TableFormat, TableWalker } from './table-walker.js';

/** Bit 7 of a directory entry: it maps 2 MiB. */
const LARGE = 1n << 7n;
/** Bits 12 to 51. */
const FRAME = 0x000ffffffffff000n;
const LARGE_FRAME = FRAME & ~0x1fffffn;
/** Bits 12 to 37. */
const SOFTWARE = { frame: 0x3ffffff000n, isHidden: true, isFileBacked: false };

/** The root has four entries of 8 bytes, each for 1 GiB. */
const ROOT_WORDS = 8;

const FORMAT: TableFormat = {
  levels: [
    { name: 'PDPT', shift: 30n, entries: 4 },
    { name: 'PD', shift: 21n, entries: 512 },
    { name: 'PT', shift: 12n, entries: 512 },
  ],
  entrySize: 8,
  addressBits: 32n,
  present(entry, level) {
    if (level === 1 && (entry & LARGE) !== 0n) return { kind: 'page', address: Number(entry & LARGE_FRAME) };
    return { kind: level === 2 ? 'page' : 'table', address: Number(entry & FRAME) };
  },
  absent: (entry, build, memoryEnd) => softwareEntry(entry, SOFTWARE, build, memoryEnd),
};

/**
 * Whether the words at `at` are a root: four present entries (of bits 0 to 8 the lowest alone may be set) that name four
 * different directories below 2^40.
 */
function isRoot(words: Uint32Array, at: number): boolean {
  for (let entry = at; entry < at + ROOT_WORDS; entry += 2) {
    const low = words[entry]!;
    if ((low & 0x1ff) !== 1 || low < 0x1000 || words[entry + 1]! > 0xff) return false;
    for (let earlier = at; earlier < entry; earlier += 2)
      if (words[earlier]! === low && words[earlier + 1]! === words[entry + 1]!) return false;
  }
  return true;
}

/**
 * Roots are 32 bytes long and lie anywhere in a page: many processes' in one. Page tables lie at 0xC0000000, and the
 * four directories at 0xC0600000, since the fourth names all four; reading KUSER_SHARED_DATA shows whether it does.
 */
function rootsOn({ words, first }: PageWords): readonly number[] {
  let found = NO_ROOTS;
  for (let at = first; at < first + 0x400; at += ROOT_WORDS) {
    if ((words[at]! & 0x1ff) === 1 && isRoot(words, at)) found = [...found, (at - first) * 4];
  }
  return found;
}

/** x86 with PAE: three levels, of which the first has four entries; pages of 4 KiB and 2 MiB. */
export const x86Pae: Paging = {
  name: 'x86-pae',
  architecture: 'x86',
  pointerSize: 4,
  levels: 3,
  rootAlignment: 32,
  open: (memory, root, build) => new TableWalker(x86Pae, FORMAT, memory, root, build),
  rootsOn,
};
