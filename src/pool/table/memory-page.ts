import type { PhysicalAddress, VirtualAddress } from '../../address.js';
import type { MissingPage } from '../../memory/paging/paging.js';

/** Which page of which table a page is: known when it was walked to, worked out by the transform when not. */
export interface TablePlace {
  /** A processor's table, or the one expansion table. */
  readonly table: 'processor' | 'expansion';
  /** Processor number; 0 for the expansion table. */
  readonly processor: number;
  /** From 0, by the table's start. */
  readonly pageIndex: number;
}

/**
 * One page as a source emits it. A directed source says what it is; an undirected one (carving) leaves that to the
 * transform, and puts many consecutive pages into one.
 */
export interface MemoryPage {
  /** Of the first byte. Null when the page could not be translated, or where a stream does not tell. */
  readonly physicalAddress: PhysicalAddress | null;
  /** 4096 bytes, or a multiple; the last page of a stream that is cut has fewer; null when the page is missing. */
  readonly bytes: Uint8Array | null;
  /** Which page of which table it is; null where the source cannot tell. */
  readonly place: TablePlace | null;
  /** Why the page could not be read; null when it was. */
  readonly missing: MissingPage | null;
}

/** How the tables were found. */
export type LocatedBy = 'known-build' | 'symbols' | 'kdbg' | 'structure' | 'carve';

export interface ProcessorTable {
  /** Index in ExPoolTagTables. */
  readonly processor: number;
  readonly address: VirtualAddress;
}
