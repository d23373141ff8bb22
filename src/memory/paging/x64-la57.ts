import type { Paging } from './page-table.js';
import { TableWalker } from './table-walker.js';
import { FOUR_LEVELS, rootsOnX64, x64Format } from './x64.js';

const FORMAT = x64Format([{ name: 'PML5', shift: 48n, entries: 512 }, ...FOUR_LEVELS]);

/** x64 with five levels (LA57): 57 bits of virtual address; the kernel is ntkrla57.exe. */
export const x64La57: Paging = {
  name: 'x64',
  architecture: 'x64',
  pointerSize: 8,
  levels: 5,
  rootAlignment: 0x1000,
  open: (memory, root, build) => new TableWalker(x64La57, FORMAT, memory, root, build),
  rootsOn: rootsOnX64,
};
