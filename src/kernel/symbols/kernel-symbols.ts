/** The kernel structures that are read, and their names in symbol files. */
interface KnownStructure {
  /** What the rest of the code calls it. */
  readonly name: StructureName;
  readonly fields: readonly string[];
}

export type StructureName =
  | 'trackerEntry'
  | 'bigPagesEntry'
  | 'eprocess'
  | 'kprocess'
  | 'ethread'
  | 'handleTable'
  | 'handleTableFreeList'
  | 'handleTableEntry'
  | 'objectHeader'
  | 'objectType'
  | 'sessionSpace';

/**
 * Field offsets in bytes; `size` is the structure's own. A bit field adds `NAME.bit`, its lowest bit in the word at
 * its offset, and `NAME.bits`, how many it has.
 */
export type FieldOffsets = Readonly<Record<string, number>>;

/** Structures as far as they are known. */
export type Structures = Readonly<Partial<Record<StructureName, FieldOffsets>>>;

export const KERNEL_STRUCTURES: Readonly<Record<string, KnownStructure>> = {
  _POOL_TRACKER_TABLE: { name: 'trackerEntry', fields: [] },
  _POOL_TRACKER_BIG_PAGES: { name: 'bigPagesEntry', fields: ['Va', 'Key', 'PoolType', 'NumberOfBytes'] },
  _EPROCESS: {
    name: 'eprocess',
    fields: [
      'ActiveProcessLinks',
      'UniqueProcessId',
      'InheritedFromUniqueProcessId',
      'ImageFileName',
      'CreateTime',
      'ExitTime',
      'ActiveThreads',
      'ObjectTable',
      'Token',
      'Session',
      'SessionProcessLinks',
      'ThreadListHead',
    ],
  },
  _KPROCESS: { name: 'kprocess', fields: ['DirectoryTableBase'] },
  _ETHREAD: { name: 'ethread', fields: ['ThreadListEntry', 'Cid'] },
  _HANDLE_TABLE: { name: 'handleTable', fields: ['TableCode', 'HandleCount', 'FreeLists'] },
  _HANDLE_TABLE_FREE_LIST: { name: 'handleTableFreeList', fields: ['HandleCount'] },
  _HANDLE_TABLE_ENTRY: { name: 'handleTableEntry', fields: ['Object', 'ObjectPointerBits'] },
  _OBJECT_HEADER: { name: 'objectHeader', fields: ['TypeIndex', 'Body'] },
  _OBJECT_TYPE: { name: 'objectType', fields: ['Name', 'Index', 'TotalNumberOfObjects'] },
  _MM_SESSION_SPACE: {
    name: 'sessionSpace',
    fields: ['SessionId', 'ProcessList', 'PoolTags', 'PoolTrackTableExpansion', 'PoolTrackTableExpansionSize'],
  },
};

/** What the rest of the code calls them. */
export const STRUCTURE_NAMES: readonly string[] = Object.values(KERNEL_STRUCTURES).map(({ name }) => name);

/** The name that a debugger shows: `_EPROCESS`. */
export function debuggerName(structure: StructureName): string {
  return Object.keys(KERNEL_STRUCTURES).find((name) => KERNEL_STRUCTURES[name]!.name === structure)!;
}

/** The kernel variables that are needed to find the tables and to read other objects. */
export const KERNEL_VARIABLES = [
  'PoolTrackTable',
  'PoolTrackTableSize',
  'PoolTrackTableMask',
  'ExPoolTagTables',
  'PoolTrackTableExpansion',
  'PoolTrackTableExpansionSize',
  'PoolBigPageTable',
  'PoolBigPageTableSize',
  'PsActiveProcessHead',
  'PsLoadedModuleList',
  'PspCidTable',
  'KdDebuggerDataBlock',
  'KdpDataBlockEncoded',
  'KiWaitNever',
  'KiWaitAlways',
  'NtBuildLab',
  'ExpSessionPoolTrackTable',
  'ExpSessionPoolTrackTableSize',
  'ExpSessionPoolTrackTableMask',
  'ObHeaderCookie',
  'ObTypeIndexTable',
] as const;

export type KernelVariable = (typeof KERNEL_VARIABLES)[number];

/** ExPoolTagTables has at most this many pointers in any known kernel. */
export const MAX_TAG_TABLES = 2048;

/** What is known of one kernel build, from any source. */
export interface KernelSymbols {
  /** The built-in list, or any other place. */
  readonly origin: 'known-build' | 'symbols';
  /** The built-in list, or the symbol file's path. */
  readonly source: string;
  /** Four-part version, as 10.0.19041.1466; null when the source does not say. */
  readonly version: string | null;
  /** Bytes of a _POOL_TRACKER_TABLE entry. */
  readonly trackerEntrySize: number;
  /** Maximum number of pointers in ExPoolTagTables: the distance to the next symbol, in pointers. */
  readonly tagTablesCapacity: number;
  /** Addresses relative to the kernel's base. */
  readonly rva: Readonly<Partial<Record<KernelVariable, number>>>;
  /** Field offsets, as far as the source knows them; what it does not is found in the image. */
  readonly structures: Structures;
}
