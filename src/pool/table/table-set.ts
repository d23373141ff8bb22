import { Readable } from 'node:stream';
import { PAGE_SIZE, type PhysicalAddress, type VirtualAddress, virtualAddress } from '../../address.js';
import type { Warning } from '../../errors.js';
import type { MissingPage } from '../../memory/paging/paging.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { LawProof } from './hash-law.js';
import type { TrackerLayout } from './tracker-layout.js';

/** Which page of which table a page is. A walk knows it; in carving the transform works it out. */
export interface TablePlace {
  /** A processor's own table, or the expansion table, which all processors share. */
  readonly table: 'processor' | 'expansion';
  /** Processor number; 0 for the expansion table. */
  readonly processor: number;
  /** Which page of the table, from 0; the table's first byte is somewhere in page 0. */
  readonly pageIndex: number;
}

/**
 * One page as a source emits it. A walk says which page of a table it is. Carving leaves that to the transform, and
 * emits many consecutive pages as one.
 */
export interface MemoryPage {
  /** Of the first byte. Null when the page could not be translated, or when a stream does not say. */
  readonly physicalAddress: PhysicalAddress | null;
  /**
   * 4096 bytes, or a multiple; fewer for the last page of a stream that is cut short; null when the page is missing.
   */
  readonly bytes: Uint8Array | null;
  /** Null when the source does not know, as in carving. */
  readonly place: TablePlace | null;
  /** Why `bytes` is null; null when they are there. */
  readonly missing: MissingPage | null;
}

/** How the tables were found. */
export type LocatedBy = 'known-build' | 'symbols' | 'kdbg' | 'structure' | 'carve';

export interface ProcessorTable {
  /** Index in ExPoolTagTables. */
  readonly processor: number;
  readonly address: VirtualAddress;
}

/** The kernel's tracker tables, located and proved: what a walk reads. */
export interface TableSet {
  readonly locatedBy: LocatedBy;
  readonly layout: TrackerLayout;
  /** N, the hashed slots; each table has N + 1 entries. */
  readonly slots: number;
  /** By processor number, table 0 first. */
  readonly tables: readonly ProcessorTable[];
  /** Pointers of ExPoolTagTables that lie on missing pages: there may be more processors than tables. */
  readonly unreadablePointers: number;
  /** Null when there is none. */
  readonly expansion: {
    /** Of its first entry. */
    readonly address: VirtualAddress;
    /** How many entries it has, used and free. */
    readonly entries: number;
  } | null;
  /** How well table 0 obeys the hash law. */
  readonly proof: LawProof;
  readonly warnings: readonly Warning[];
}

/** Pages read at once. */
const READ_AHEAD = 64;
/** Maximum number of page objects that wait in the stream. */
const HIGH_WATER_MARK = 128;

async function* pagesOf(
  memory: VirtualMemory,
  address: VirtualAddress,
  bytes: number,
  place: Omit<TablePlace, 'pageIndex'>,
): AsyncGenerator<MemoryPage> {
  const count = Math.ceil((Number(address & 0xfffn) + bytes) / PAGE_SIZE);
  for (let first = 0; first < count; first += READ_AHEAD) {
    const start = virtualAddress(address + BigInt(first * PAGE_SIZE));
    const pages = await memory.pages(start, Math.min(READ_AHEAD, count - first));
    for (const [index, page] of pages.entries()) {
      yield {
        physicalAddress: page.physicalAddress,
        bytes: page.bytes,
        missing: page.missing,
        place: { ...place, pageIndex: first + index },
      };
    }
  }
}

async function* allPages(memory: VirtualMemory, set: TableSet): AsyncGenerator<MemoryPage> {
  for (const { processor, address } of set.tables) {
    yield* pagesOf(memory, address, (set.slots + 1) * set.layout.size, { table: 'processor', processor });
  }
  if (set.expansion === null) return;
  yield* pagesOf(memory, set.expansion.address, set.expansion.entries * set.layout.size, {
    table: 'expansion',
    processor: 0,
  });
}

/** A Readable of the tables' pages, each with its place; table 0 first, the expansion table last. */
export function tablePages(memory: VirtualMemory, set: TableSet): Readable {
  return Readable.from(allPages(memory, set), { highWaterMark: HIGH_WATER_MARK });
}
