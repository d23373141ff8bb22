import { hex, PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import { isMapped } from '../../memory/paging/paging.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import {
  DISPATCHER_PROCESS,
  DISPATCHER_THREAD,
  dispatcherType,
  type EntryCoding,
  ENTRY_FLAGS,
  ID_STEP,
  LEVEL_BITS,
  MAX_LEVEL,
  objectOfEntry,
} from '../structures/structures.js';
import type { KernelLayout } from '../symbols/symbols.js';
import { Sighting, Tally } from './object-count.js';
import type { ProcessReader } from './process-reader.js';

export interface HandleEntry {
  readonly handle: number;
  /** Object header in a process's table; the object itself in PspCidTable. */
  readonly object: VirtualAddress;
}

/**
 * Maximum number of pages read from the tables of one image: four million handles, several times what busy servers
 * have.
 */
export const MAX_TABLE_PAGES = 1 << 14;

/** Reads the handle tables of one kernel: entries lie in pages, under at most two levels of pages of pointers. */
export class HandleTables {
  private pagesLeft = MAX_TABLE_PAGES;

  private constructor(
    private readonly memory: VirtualMemory,
    private readonly layout: KernelLayout,
    private readonly tableCode: number,
    private readonly coding: EntryCoding,
  ) {}

  /** A reader, or why there is none for this build. */
  static of(memory: VirtualMemory, layout: KernelLayout): HandleTables | string {
    const table = layout.fields('handleTable', 'TableCode');
    if (typeof table === 'string') return table;
    const asField = layout.fields('handleTableEntry', 'size', 'ObjectPointerBits.bit', 'ObjectPointerBits.bits');
    if (typeof asField !== 'string') {
      const coding = {
        size: asField.size,
        bit: asField['ObjectPointerBits.bit'],
        bits: asField['ObjectPointerBits.bits'],
      };
      return new HandleTables(memory, layout, table.TableCode, coding);
    }
    const plain = layout.fields('handleTableEntry', 'size', 'Object');
    return typeof plain === 'string'
      ? plain
      : new HandleTables(memory, layout, table.TableCode, { size: plain.size, bit: 0, bits: 0 });
  }

  /** Walks the HANDLE_TABLE at an address. */
  walk(table: VirtualAddress): HandleTableWalk {
    return new HandleTableWalk(this.memory, table, this.tableCode, this.coding, () => this.pagesLeft-- > 0);
  }

  /** How many entries the HANDLE_TABLE itself says are in use; null where that is not known. */
  async claimedCount(table: VirtualAddress): Promise<number | null> {
    const direct = this.layout.field('handleTable', 'HandleCount');
    const lists = this.layout.field('handleTable', 'FreeLists');
    const inList = this.layout.field('handleTableFreeList', 'HandleCount');
    const at = direct ?? (lists === undefined || inList === undefined ? undefined : lists + inList);
    if (at === undefined) return null;
    return (await readCached(this.memory, virtualAddress(table + BigInt(at)), 4))?.readUInt32LE() ?? null;
  }
}

/** One walk through one table. Levels and pointers are followed only as far as the pages confirm them. */
export class HandleTableWalk {
  readonly tally = new Tally();
  /** Pages read, those of pointers and those of entries. */
  pages = 0;
  /** Entries in use. */
  entriesFound = 0;
  private readonly seen = new Set<VirtualAddress>();
  private readonly perPage: number;

  constructor(
    private readonly memory: VirtualMemory,
    private readonly table: VirtualAddress,
    private readonly codeAt: number,
    private readonly coding: EntryCoding,
    private readonly grant: () => boolean,
  ) {
    this.perPage = Math.floor(PAGE_SIZE / coding.size);
  }

  /** Every entry in use, by handle. */
  async *entries(): AsyncGenerator<HandleEntry> {
    const kernel = this.memory.pageTable.isKernelAddress(this.table);
    const code = kernel ? await this.memory.readPointer(virtualAddress(this.table + BigInt(this.codeAt))) : null;
    if (code === null) return this.tally.miss(`the handle table at ${hex(this.table)} is missing`);
    if (code === 0n) return this.tally.miss(`the handle table at ${hex(this.table)} has no pages: its TableCode is 0`);
    const level = Number(code & LEVEL_BITS);
    if (level > MAX_LEVEL)
      return this.tally.miss(
        `the handle table at ${hex(this.table)} claims ${level} levels of pointers; there are at most ${MAX_LEVEL}`,
      );
    yield* this.below(virtualAddress(code & ~ENTRY_FLAGS), level, 0);
  }

  private async *below(address: VirtualAddress, level: number, firstEntry: number): AsyncGenerator<HandleEntry> {
    const page = await this.page(address);
    if (page === null) return;
    if (level === 0) {
      yield* this.entriesOf(page, firstEntry);
      return;
    }
    const pointers = PAGE_SIZE / this.memory.pointerSize;
    const span = this.perPage * pointers ** (level - 1);
    for (let index = 0; index < pointers; index++) {
      const next = this.memory.pointerAt(page, index * this.memory.pointerSize);
      if (next !== 0n) yield* this.below(next, level - 1, firstEntry + index * span);
    }
  }

  private async page(address: VirtualAddress): Promise<Buffer | null> {
    const wrong = this.refusal(address);
    if (wrong !== null) {
      this.tally.miss(`in the handle table at ${hex(this.table)}: ${wrong}`);
      return null;
    }
    this.seen.add(address);
    const page = await readCached(this.memory, address, PAGE_SIZE);
    if (page === null)
      this.tally.miss(`in the handle table at ${hex(this.table)}: the page at ${hex(address)} is missing`);
    else this.pages++;
    return page;
  }

  private refusal(address: VirtualAddress): string | null {
    if (!this.memory.pageTable.isKernelAddress(address) || address % BigInt(PAGE_SIZE) !== 0n)
      return `${hex(address)} is no page of the kernel's`;
    if (this.seen.has(address)) return `the page at ${hex(address)} stands in it twice`;
    return this.grant() ? null : `the image's tables have more than ${MAX_TABLE_PAGES} pages`;
  }

  private async *entriesOf(page: Buffer, firstEntry: number): AsyncGenerator<HandleEntry> {
    for (let index = 0; index < this.perPage; index++) {
      const object = objectOfEntry(this.memory.pointerAt(page, index * this.coding.size), this.coding);
      if (object === 0n) continue;
      // The first entry may describe the page: it counts as a handle only when it leads somewhere.
      if (index === 0 && !isMapped(await this.memory.translate(object))) continue;
      this.entriesFound++;
      yield { handle: (firstEntry + index) * ID_STEP, object };
    }
  }
}

/** PspCidTable, walked. */
export interface CidTable {
  readonly processes: Sighting;
  /** The threads, or the reason why their own ids cannot be read. */
  readonly threads: Sighting | string;
  readonly walk: HandleTableWalk;
}

/**
 * Reads PspCidTable, the handle table whose handles are the ids of processes and threads; its entries point to the
 * objects themselves. An entry counts when the object that it points to has the handle as its id. The reason when the
 * table is not available.
 */
export async function readCidTable(
  memory: VirtualMemory,
  layout: KernelLayout,
  tables: HandleTables,
  reader: ProcessReader,
): Promise<CidTable | string> {
  const variable = layout.address('PspCidTable');
  if (typeof variable === 'string') return variable;
  const table = await memory.readPointer(variable);
  if (table === null) return `PspCidTable at ${hex(variable)} is missing`;
  const cid = layout.fields('ethread', 'Cid');
  const processes = new Sighting();
  const threads = new Sighting();
  const walk = tables.walk(table);
  for await (const { handle, object } of walk.entries()) {
    const type = await dispatcherType(memory, object);
    if (type === DISPATCHER_THREAD) {
      if (typeof cid === 'string') continue;
      const id = await memory.readPointer(virtualAddress(object + BigInt(cid.Cid + memory.pointerSize)));
      if (id === BigInt(handle)) threads.add(object);
      else threads.tally.miss(`the thread at ${hex(object)} under id ${handle} has another id`);
      continue;
    }
    const process =
      type === DISPATCHER_PROCESS
        ? await reader.read(object)
        : `what id ${handle} leads to, ${hex(object)}, is ${type === null ? 'missing' : 'neither process nor thread'}`;
    if (typeof process !== 'string' && process.pid === handle) processes.add(object);
    else
      processes.tally.miss(
        typeof process === 'string'
          ? process
          : `the process at ${hex(object)} under id ${handle} has id ${process.pid}`,
      );
  }
  if (walk.pages === 0) return walk.tally.reason ?? 'PspCidTable is empty';
  processes.tally.add(walk.tally);
  threads.tally.add(walk.tally);
  return { processes, threads: typeof cid === 'string' ? cid : threads, walk };
}
