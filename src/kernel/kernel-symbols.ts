import type { FieldOffsets, StructureName } from './symbols/kernel-symbols.js';

/** The kernel's variables that finding the tables and reading beside them needs. */
export const KERNEL_VARIABLES = [
  'PoolTrackTable', 'PoolTrackTableSize', 'PoolTrackTableMask', 'ExPoolTagTables',
  'PoolTrackTableExpansion', 'PoolTrackTableExpansionSize', 'PoolBigPageTable', 'PoolBigPageTableSize',
  'PsActiveProcessHead', 'PsLoadedModuleList', 'PspCidTable', 'KdDebuggerDataBlock', 'KdpDataBlockEncoded',
  'KiWaitNever', 'KiWaitAlways', 'NtBuildLab', 'ExpSessionPoolTrackTable', 'ObHeaderCookie', 'ObTypeIndexTable',
] as const;

export type KernelVariable = (typeof KERNEL_VARIABLES)[number];

/** ExPoolTagTables has at most this many pointers in any known kernel. */
export const MOST_TAG_TABLES = 2048;

/** What is known of one kernel build, whoever says it. */
export interface KernelSymbols {
  readonly origin: 'known-build' | 'symbols';
  /** The built-in list, or the symbol file's path. */
  readonly source: string;
  /** Four-part version, as 10.0.19041.1466; null when the source does not say. */
  readonly version: string | null;
  /** Bytes of a _POOL_TRACKER_TABLE entry. */
  readonly trackerEntrySize: number;
  /** Most pointers that ExPoolTagTables can hold: the gap to the next symbol in pointers. */
  readonly tagTablesCapacity: number;
  /** Addresses relative to the kernel's base. */
  readonly rva: Readonly<Partial<Record<KernelVariable, number>>>;
  readonly structures: Readonly<Partial<Record<StructureName, FieldOffsets>>>;
}
