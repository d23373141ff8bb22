import type { VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import { TrackerTable } from '../table/tracker-table.js';

/** Reads a table of `entries` entries; missing pages remain missing. */
export async function readTable(
  memory: VirtualMemory,
  address: VirtualAddress,
  layout: TrackerLayout,
  entries: number,
): Promise<TrackerTable> {
  const table = new TrackerTable(layout, entries);
  const pages = await memory.pages(address, table.pageCount);
  pages.forEach((page, index) => {
    if (page.bytes !== null) table.put(index, page.bytes);
  });
  return table;
}
