import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { keysAgainstFirst } from '../proof/proof.js';
import type { ProcessorTable } from '../table/memory-page.js';
import { TrackerTable } from '../table/tracker-table.js';

/** No kernel's array is shorter: 64 pointers in Vista, 256 in Windows 7, 640, 1280 and 2048 since. */
export const MIN_CAPACITY = 64;

/** A pointer that leads to no table of this system. */
export interface Stranger {
  readonly index: number;
  readonly pointer: VirtualAddress;
  readonly reason: string;
}

/** ExPoolTagTables, read. */
export interface TagTablesArray {
  readonly address: VirtualAddress;
  /** By processor number, table 0 first. */
  readonly tables: readonly ProcessorTable[];
  /** Pointers that stand where only tables and NULLs may: before the last table, or before the shortest array's end. */
  readonly strangers: readonly Stranger[];
  /** Pointers of the array, as far as it must reach, that lie on missing pages. */
  readonly unreadable: number;
}

/** Pages read at a time until their keys tell. */
const PAGES_AT_ONCE = 8;
/** Keys in agreement from which a table is known for one of this system. */
const ENOUGH_KEYS = 16;

/**
 * Whether `pointer` may lead to another processor's table: its keys are table 0's at the same slots, on most of the
 * pages that are looked at. Single pages that contradict are left to the examination of the tables.
 * @returns null when it may; else why not
 */
async function objection(memory: VirtualMemory, pointer: VirtualAddress, first: TrackerTable): Promise<string | null> {
  if (pointer % BigInt(PAGE_SIZE) !== 0n || !memory.pageTable.isKernelAddress(pointer))
    return 'not a page-aligned kernel address';
  const table = new TrackerTable(first.layout, first.entries);
  let [read, kin, alien] = [0, 0, 0];
  for (let start = 0; start < table.pageCount; start += PAGES_AT_ONCE) {
    const count = Math.min(PAGES_AT_ONCE, table.pageCount - start);
    const pages = await memory.pages(virtualAddress(pointer + BigInt(start * PAGE_SIZE)), count);
    for (const [index, { bytes }] of pages.entries()) {
      if (bytes === null) continue;
      table.put(start + index, bytes);
      read++;
    }
    const compared = keysAgainstFirst(table, first, first.entries - 1);
    kin = compared.filter(({ same, other }) => same > other).length;
    alien = compared.filter(({ same, other }) => other > same).length;
    const same = compared.reduce((sum, page) => sum + page.same, 0);
    if (alien === 0 && same >= ENOUGH_KEYS) return null;
  }
  if (read === 0) return 'none of its pages is mapped';
  if (alien > kin) return `on ${alien} of ${alien + kin} pages its keys are not those of table 0 at their slots`;
  return kin === 0 && read < table.pageCount ? 'no key could be read of it' : null;
}

/**
 * Reads the array whose first element names table 0. A processor that is absent has NULL; behind the last pointer there
 * are NULLs up to the array's end, of which only an upper bound is known.
 * @param capacity pointers that the array can hold at most
 */
export async function readTagTables(
  memory: VirtualMemory,
  address: VirtualAddress,
  capacity: number,
  table0: VirtualAddress,
  first: TrackerTable,
): Promise<TagTablesArray> {
  const { bytes, missing } = await memory.read(address, capacity * 8);
  const tables: ProcessorTable[] = [{ processor: 0, address: table0 }];
  const strangers: Stranger[] = [];
  const seen = new Set<VirtualAddress>([table0]);
  for (let index = 1; index < capacity; index++) {
    const pointer = virtualAddress(bytes.readBigUInt64LE(index * 8));
    if (pointer === 0n) continue;
    const reason = seen.has(pointer)
      ? "the same table as an earlier processor's"
      : await objection(memory, pointer, first);
    if (reason === null) {
      tables.push({ processor: index, address: pointer });
      seen.add(pointer);
      continue;
    }
    strangers.push({ index, pointer, reason });
    // Behind the shortest array's end other variables may follow.
    if (index >= MIN_CAPACITY && index > tables.at(-1)!.processor) break;
  }
  const reach = Math.max(MIN_CAPACITY, tables.at(-1)!.processor + 1);
  return {
    address,
    tables,
    strangers: strangers.filter(({ index }) => index < reach),
    unreadable: missingPointers(
      address,
      Math.min(capacity, reach),
      missing.map((page) => page.virtualAddress),
    ),
  };
}

function missingPointers(array: VirtualAddress, count: number, pages: readonly VirtualAddress[]): number {
  let missing = 0;
  for (let index = 0; index < count; index++) {
    const pointer = array + BigInt(index * 8);
    if (pages.some((page) => pointer >= page && pointer < page + BigInt(PAGE_SIZE))) missing++;
  }
  return missing;
}
