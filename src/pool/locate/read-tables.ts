import { hex, PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import type { Rejection } from '../../kernel/root/root.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { ProcessorTable } from '../table/table-set.js';
import type { TrackerLayout } from '../table/tracker-layout.js';
import { TrackerTable } from '../table/tracker-table.js';

/** Reads a table of `entries` entries; missing pages are left out. */
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

/** Pages compared to decide whether a pointer leads to another processor's table. */
const COMPARED_PAGES = 4;

/**
 * Whether `address` may be another processor's table: its keys must be those of table 0 at the same slots, since they
 * were copied from there. A few pages are compared, until one has keys.
 * @returns null when it may; else the reason why not
 */
export async function disagreement(
  memory: VirtualMemory,
  address: VirtualAddress,
  first: TrackerTable,
  needKeys: boolean,
): Promise<string | null> {
  if ((address & 0xfffn) !== 0n || !memory.pageTable.isKernelAddress(address))
    return 'not a page-aligned kernel address';
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
  if (other > (same + other) / 16)
    return `${other} of its ${same + other} keys are not those of table 0 at their slots`;
  if (needKeys && same === 0) return 'it holds no keys';
  return null;
}

/** Slots and keys of the used entries that begin on a page. */
function* keysOfPage(page: Buffer, pageIndex: number, table: TrackerTable): Generator<readonly [number, number]> {
  const { size } = table.layout;
  for (let slot = Math.ceil((pageIndex * PAGE_SIZE) / size); slot < table.entries; slot++) {
    const offset = slot * size - pageIndex * PAGE_SIZE;
    if (offset + 4 > PAGE_SIZE) return;
    const key = page.readUInt32LE(offset);
    if (key !== 0) yield [slot, key];
  }
}

/** The contents of ExPoolTagTables: the tables of all processors. */
export interface ProcessorTables {
  readonly tables: readonly ProcessorTable[];
  /** Pointers that could not be read, when a page of the array is missing. */
  readonly unreadable: number;
  readonly rejected: readonly Rejection[];
}

/**
 * Reads the array of per-processor tables. An absent processor's pointer is NULL, and the array's length is only known
 * as an upper bound, so each pointer must lead to keys at table 0's slots.
 * @param capacity pointers that the array can hold
 * @param endsAtStranger whether the first pointer that leads elsewhere ends the array, whose true length is unknown, or
 * is reported
 */
export async function readProcessorTables(
  memory: VirtualMemory,
  array: VirtualAddress,
  capacity: number,
  table0: VirtualAddress,
  first: TrackerTable,
  endsAtStranger: boolean,
): Promise<ProcessorTables> {
  const { bytes, missing } = await memory.read(array, capacity * 8);
  const tables: ProcessorTable[] = [{ processor: 0, address: table0 }];
  const rejected: Rejection[] = [];
  const seen = new Set<VirtualAddress>([table0]);
  for (let processor = 1; processor < capacity; processor++) {
    const pointer = virtualAddress(bytes.readBigUInt64LE(processor * 8));
    if (pointer === 0n) continue;
    const reason = seen.has(pointer)
      ? "the same table as an earlier processor's"
      : await disagreement(memory, pointer, first, endsAtStranger);
    if (reason === null) {
      tables.push({ processor, address: pointer });
      seen.add(pointer);
      continue;
    }
    if (endsAtStranger) break;
    rejected.push({ what: 'table', address: hex(pointer), from: `ExPoolTagTables[${processor}]`, reason });
  }
  const unreadable =
    missing.length === 0
      ? 0
      : unreadPointers(
          array,
          capacity,
          missing.map((page) => page.virtualAddress),
        );
  return { tables, unreadable, rejected };
}

function unreadPointers(array: VirtualAddress, capacity: number, pages: readonly VirtualAddress[]): number {
  let count = 0;
  for (let index = 0; index < capacity; index++) {
    const pointer = array + BigInt(index * 8);
    if (pages.some((page) => pointer >= page && pointer < page + 0x1000n)) count++;
  }
  return count;
}
