import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { TrackerTable } from '../table/tracker-table.js';
import type { TrackerLayout } from '../table/tracker-layout.js';

/** Reads a table of `entries` entries; pages that are missing stay so. */
export async function readTable(memory: VirtualMemory, address: VirtualAddress, layout: TrackerLayout, entries: number): Promise<TrackerTable> {
  const table = new TrackerTable(layout, entries);
  const pages = await memory.pages(address, table.pageCount);
  pages.forEach((page, index) => {
    if (page.bytes !== null) table.put(index, page.bytes);
  });
  return table;
}

/** Pages compared when a pointer is asked whether it leads to another processor's table. */
const COMPARED_PAGES = 4;

/**
 * Whether `address` may be another processor's table: its keys must be those of table 0 at the same slots, since they
 * were copied from there. A few pages are compared, until one has keys.
 * @returns null when it may; else the reason why not
 */
export async function disagreement(memory: VirtualMemory, address: VirtualAddress, first: TrackerTable, needKeys: boolean): Promise<string | null> {
  if ((address & 0xfffn) !== 0n || !memory.pageTable.isKernelAddress(address)) return 'not a page-aligned kernel address';
  let read = 0;
  let same = 0;
  let other = 0;
  for (let pageIndex = 0; pageIndex < first.pageCount && read < COMPARED_PAGES; pageIndex++) {
    const [page] = await memory.pages(virtualAddress(address + BigInt(pageIndex * PAGE_SIZE)), 1);
    if (page!.bytes === null) {
      if (needKeys) return 'a page of it is missing';
      continue;
    }
    read++;
    for (const [slot, key] of keysOfPage(page!.bytes, pageIndex, first)) {
      if (key === first.key(slot)) same++;
      else if (first.isReadable(slot)) other++;
    }
    if (same + other >= 16) break;
  }
  if (other > (same + other) / 16) return `${other} of its ${same + other} keys are not those of table 0 at their slots`;
  if (needKeys && same === 0) return 'it holds no keys';
  return null;
}

/** Slots and keys in use of the entries that begin on a page. */
function* keysOfPage(page: Buffer, pageIndex: number, table: TrackerTable): Generator<readonly [number, number]> {
  const { size } = table.layout;
  for (let slot = Math.ceil((pageIndex * PAGE_SIZE) / size); slot < table.entries; slot++) {
    const offset = slot * size - pageIndex * PAGE_SIZE;
    if (offset + 4 > PAGE_SIZE) return;
    const key = page.readUInt32LE(offset);
    if (key !== 0) yield [slot, key];
  }
}
