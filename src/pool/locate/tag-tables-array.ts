import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import { fetchedAhead } from '../../memory/read-ahead.js';
import type { VirtualMemory, VirtualStretch } from '../../memory/virtual-memory.js';
import { keysAgainstFirst } from '../proof/proof.js';
import type { ProcessorTable } from '../table/memory-page.js';
import { TrackerTable } from '../table/tracker-table.js';

/**
 * Minimum length of the array by the size of a pointer: 64 pointers in Vista for x64, 256 in Windows 7, then 640, 1280
 * and 2048; 32 on x86, which has no more processors.
 */
const MIN_CAPACITY = { 4: 32, 8: 64 } as const;

/** A pointer that does not lead to a table of this system. */
export interface Stranger {
  readonly index: number;
  readonly pointer: VirtualAddress;
  readonly reason: string;
}

/** The contents of ExPoolTagTables. */
export interface TagTablesArray {
  readonly address: VirtualAddress;
  /** By processor number, table 0 first. */
  readonly tables: readonly ProcessorTable[];
  /** Other pointers where only tables and NULLs may be: before the last table, or before the end of the shortest array. */
  readonly strangers: readonly Stranger[];
  /** Number of pointers on missing pages, up to the minimum end of the array. */
  readonly unreadable: number;
}

/** Pages read at a time until there are enough keys. */
const PAGES_AT_ONCE = 8;
/** Minimum number of matching keys that identifies a table of this system. */
const ENOUGH_KEYS = 16;

function mayBeTable(memory: VirtualMemory, pointer: VirtualAddress): boolean {
  return pointer % BigInt(PAGE_SIZE) === 0n && memory.pageTable.isKernelAddress(pointer);
}

/**
 * Whether `pointer` may lead to another processor's table: its keys equal table 0's at the same slots, on most of the
 * examined pages. Single contradictory pages are left to the examination of the tables.
 * @returns null when it may; else the reason
 */
async function objection(memory: VirtualMemory, pointer: VirtualAddress, first: TrackerTable): Promise<string | null> {
  if (!mayBeTable(memory, pointer)) return 'not a page-aligned kernel address';
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

interface ArrayElement {
  readonly index: number;
  readonly pointer: VirtualAddress;
}

/** The pointers behind the first that are not NULL. */
function* pointersIn(memory: VirtualMemory, bytes: Buffer, capacity: number): Generator<ArrayElement> {
  for (let index = 1; index < capacity; index++) {
    const pointer = memory.pointerAt(bytes, index * memory.pointerSize);
    if (pointer !== 0n) yield { index, pointer };
  }
}

/** What `objection` looks at first. */
function firstPages(memory: VirtualMemory, pointer: VirtualAddress): VirtualStretch[] {
  return mayBeTable(memory, pointer) ? [{ address: pointer, length: PAGES_AT_ONCE * PAGE_SIZE }] : [];
}

/**
 * Reads the array whose first element points to table 0. An absent processor has NULL; after the last pointer there are
 * NULLs up to the array's end, of which only an upper bound is known.
 * @param capacity maximum number of pointers in the array
 */
export async function readTagTables(
  memory: VirtualMemory,
  address: VirtualAddress,
  capacity: number,
  table0: VirtualAddress,
  first: TrackerTable,
): Promise<TagTablesArray> {
  const { pointerSize } = memory;
  const { bytes, missing } = await memory.read(address, capacity * pointerSize);
  const shortest = MIN_CAPACITY[pointerSize];
  const tables: ProcessorTable[] = [{ processor: 0, address: table0 }];
  const strangers: Stranger[] = [];
  const seen = new Set<VirtualAddress>([table0]);
  const elements = fetchedAhead(memory, pointersIn(memory, bytes, capacity), ({ pointer }) =>
    firstPages(memory, pointer),
  );
  for await (const { index, pointer } of elements) {
    const reason = seen.has(pointer)
      ? "the same table as an earlier processor's"
      : await objection(memory, pointer, first);
    if (reason === null) {
      tables.push({ processor: index, address: pointer });
      seen.add(pointer);
      continue;
    }
    strangers.push({ index, pointer, reason });
    // Other variables may follow the end of the shortest array.
    if (index >= shortest && index > tables.at(-1)!.processor) break;
  }
  const reach = Math.max(shortest, tables.at(-1)!.processor + 1);
  return {
    address,
    tables,
    strangers: strangers.filter(({ index }) => index < reach),
    unreadable: missingPointers(
      address,
      pointerSize,
      Math.min(capacity, reach),
      missing.map((page) => page.virtualAddress),
    ),
  };
}

function missingPointers(
  array: VirtualAddress,
  pointerSize: number,
  count: number,
  pages: readonly VirtualAddress[],
): number {
  let missing = 0;
  for (let index = 0; index < count; index++) {
    const pointer = array + BigInt(index * pointerSize);
    if (pages.some((page) => pointer >= page && pointer < page + BigInt(PAGE_SIZE))) missing++;
  }
  return missing;
}
