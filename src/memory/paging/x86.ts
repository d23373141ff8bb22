import { NO_ROOTS, type Paging, WHOLE_PAGE } from './page-table.js';
import { softwareEntry32 } from './software-entry.js';
import { type TableFormat, TableWalker } from './table-walker.js';

/** Bit 7 of a directory entry: it maps 4 MiB. */
const LARGE = 1n << 7n;
/** The directory entry that names the directory: page tables lie at 0xC0000000, the directory at 0xC0300000. */
const SELF_SLOT = 0x300;

const FORMAT: TableFormat = {
  levels: [
    { name: 'PD', shift: 22n, entries: 1024 },
    { name: 'PT', shift: 12n, entries: 1024 },
  ],
  entrySize: 4,
  addressBits: 32n,
  present(entry, level) {
    const frame = Number(entry & 0xfffff000n);
    if (level === 1) return { kind: 'page', address: frame };
    if ((entry & LARGE) === 0n) return { kind: 'table', address: frame };
    // PSE-36: bits 13 to 20 of a large page's entry are bits 32 to 39 of its address.
    return { kind: 'page', address: Number((entry & 0xffc00000n) | (((entry >> 13n) & 0xffn) << 32n)) };
  },
  absent: softwareEntry32,
};

/** x86 without PAE: two levels, pages of 4 KiB and 4 MiB. */
export const x86: Paging = {
  name: 'x86',
  architecture: 'x86',
  pointerSize: 4,
  levels: 2,
  rootAlignment: 0x1000,
  open: (memory, root, build) => new TableWalker(x86, FORMAT, memory, root, build),
  rootsOn({ words, first, address }) {
    return (words[first + SELF_SLOT]! & 0xfffff003) >>> 0 === address + 3 ? WHOLE_PAGE : NO_ROOTS;
  },
};
