import { hex, PAGE_SIZE, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { type Kernel, pointersOutside, writableSections } from '../root/root.js';
import { outweighs } from './field-search.js';
import {
  decodeTableCode,
  entryPages,
  type EntryCoding,
  ID_STEP,
  objectOfEntry,
  type TableCode,
} from './handle-entries.js';

/** Types in DISPATCHER_HEADER, which EPROCESS and ETHREAD begin with. */
export const DISPATCHER_PROCESS = 3;
export const DISPATCHER_THREAD = 6;

/** The id of the process System. */
export const SYSTEM_ID = 4;

/** PspCidTable, found and proved without its layout being known. */
export interface ClientIds {
  /** Address of the variable. */
  readonly variable: VirtualAddress;
  /** Offset of TableCode in the HANDLE_TABLE. */
  readonly tableCodeAt: number;
  readonly coding: EntryCoding;
  /** Objects by id. */
  readonly processes: ReadonlyMap<number, VirtualAddress>;
  readonly threads: ReadonlyMap<number, VirtualAddress>;
}

/** Bytes of a HANDLE_TABLE in which TableCode is looked for: it is among the first fields of every known one. */
const HEAD = 0x40;
/** Fewer processes than this prove nothing; a system that has just started has more. */
const MIN_PROCESSES = 3;
/** Pages of entries of one table that are read: of 262,144 ids on x64. */
const MAX_PAGES = 1 << 10;
/** Tables that are read: hardly any but PspCidTable stands the first look. A hostile image has any number. */
const MAX_TABLES = 16;

/** The pool allocates at multiples of this. */
const OBJECT_ALIGNMENT = 8;

/** Codings by pointer size, those of four and of five levels of page tables. */
const CODINGS: Readonly<Record<4 | 8, readonly EntryCoding[]>> = {
  4: [{ size: 8, bit: 0, bits: 0 }],
  8: [
    { size: 16, bit: 20, bits: 44 },
    { size: 16, bit: 0, bits: 0 },
    { size: 16, bit: 11, bits: 53 },
  ],
};

/** The type in the DISPATCHER_HEADER of an object, -1 where none can be; null when it is missing. */
export async function dispatcherType(memory: VirtualMemory, object: VirtualAddress): Promise<number | null> {
  if (!memory.pageTable.isKernelAddress(object) || object % 8n !== 0n) return -1;
  return (await readCached(memory, object, 1))?.readUInt8() ?? null;
}

interface Tallied {
  readonly processes: Map<number, VirtualAddress>;
  readonly threads: Map<number, VirtualAddress>;
  /** Entries that lead to something else; those whose object is missing tell nothing. */
  others: number;
}

/** Entries that lead elsewhere before a table is given up. */
const MAX_OTHERS = 64;

/** Sorts the entries of some pages into processes, threads, and what is neither. */
async function tally(
  memory: VirtualMemory,
  pages: AsyncIterable<Buffer | null>,
  coding: EntryCoding,
): Promise<Tallied> {
  const sorted: Tallied = { processes: new Map(), threads: new Map(), others: 0 };
  const perPage = Math.floor(PAGE_SIZE / coding.size);
  let first = 0;
  for await (const page of pages) {
    // The first entry of a page may describe the page.
    for (let index = 1; page !== null && index < perPage; index++) {
      const object = objectOfEntry(memory.pointerAt(page, index * coding.size), coding);
      if (object === 0n) continue;
      const id = (first + index) * ID_STEP;
      const type = await dispatcherType(memory, object);
      if (type === DISPATCHER_PROCESS) sorted.processes.set(id, object);
      else if (type === DISPATCHER_THREAD) sorted.threads.set(id, object);
      else if (type !== null) sorted.others++;
    }
    if (sorted.others > MAX_OTHERS && !isOfClients(sorted)) return sorted;
    first += perPage;
  }
  return sorted;
}

const isOfClients = ({ processes, threads, others }: Tallied): boolean =>
  processes.has(SYSTEM_ID) && processes.size >= MIN_PROCESSES && outweighs(processes.size + threads.size, others);

/** Every reading of the HANDLE_TABLE at an address as that of processes and threads. */
async function readingsAt(
  memory: VirtualMemory,
  variable: VirtualAddress,
  table: VirtualAddress,
  budget: { tables: number },
): Promise<ClientIds[]> {
  const head = memory.pageTable.isKernelAddress(table) ? await readCached(memory, table, HEAD) : null;
  const readings: ClientIds[] = [];
  for (let at = 0; head !== null && at < HEAD; at += memory.pointerSize) {
    const code = decodeTableCode(memory, memory.pointerAt(head, at));
    if (code === null) continue;
    for (const coding of CODINGS[memory.pointerSize]) {
      if (!(await leadsToSystem(memory, code, coding)) || budget.tables-- <= 0) continue;
      const sorted = await tally(memory, entryPages(memory, code, MAX_PAGES), coding);
      if (isOfClients(sorted)) readings.push({ variable, tableCodeAt: at, coding, ...sorted });
    }
  }
  return readings;
}

/** Whether the entry of id 4 leads to a process: a look at one page, which hardly any other page stands. */
async function leadsToSystem(memory: VirtualMemory, code: TableCode, coding: EntryCoding): Promise<boolean> {
  for await (const page of entryPages(memory, code, 1)) {
    if (page === null) return false;
    const word = memory.pointerAt(page, (SYSTEM_ID / ID_STEP) * coding.size);
    return (await dispatcherType(memory, objectOfEntry(word, coding))) === DISPATCHER_PROCESS;
  }
  return false;
}

/**
 * Finds PspCidTable: the handle table, named by a variable of the kernel's, whose entries lead to processes and threads
 * (dispatcher objects of types 3 and 6) and that of id 4 to a process. No other table of the kernel's does.
 * @param named address of the variable, where something names it
 */
export async function findClientIds(kernel: Kernel, named: VirtualAddress | null): Promise<ClientIds | Missing> {
  const { memory } = kernel;
  if (named !== null) {
    const table = await memory.readPointer(named);
    if (table === null) return { missing: `PspCidTable at ${hex(named)} is missing` };
    return theOnly(
      await readingsAt(memory, named, table, { tables: MAX_TABLES }),
      `PspCidTable is ${hex(table)}, where`,
    );
  }
  const readings: ClientIds[] = [];
  const budget = { tables: MAX_TABLES };
  for (const [table, [variable]] of pointersOutside(kernel, await writableSections(kernel), OBJECT_ALIGNMENT))
    readings.push(...(await readingsAt(memory, variable!, table, budget)));
  if (budget.tables < 0)
    return { missing: `more than ${MAX_TABLES} tables in the kernel's data look like that of processes and threads` };
  return theOnly(readings, "in the kernel's data");
}

function theOnly(readings: readonly ClientIds[], where: string): ClientIds | Missing {
  const [only, second] = readings;
  if (only === undefined) return { missing: `${where} no handle table leads to processes and threads by their ids` };
  if (second !== undefined)
    return {
      missing: `${where} ${readings.length} readings of handle tables lead to processes and threads by their ids`,
    };
  return only;
}
