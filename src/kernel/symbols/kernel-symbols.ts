/** The kernel's structures that are read, by the names that symbol files know them by. */
interface KnownStructure {
  /** What the rest of the code calls it. */
  readonly name: StructureName;
  readonly fields: readonly string[];
}

export type StructureName =
  | 'trackerEntry' | 'bigPagesEntry' | 'eprocess' | 'kprocess' | 'ethread'
  | 'handleTable' | 'handleTableFreeList' | 'handleTableEntry' | 'objectHeader' | 'objectType' | 'sessionSpace';

/**
 * Field offsets in bytes; `size` is the structure's own. A bit field adds `NAME.bit`, its lowest bit in the word at
 * its offset, and `NAME.bits`, how many it has.
 */
export type FieldOffsets = Readonly<Record<string, number>>;

export const KERNEL_STRUCTURES: Readonly<Record<string, KnownStructure>> = {
  _POOL_TRACKER_TABLE: { name: 'trackerEntry', fields: [] },
  _POOL_TRACKER_BIG_PAGES: { name: 'bigPagesEntry', fields: ['Va', 'Key', 'PoolType', 'NumberOfBytes'] },
  _EPROCESS: {
    name: 'eprocess',
    fields: [
      'ActiveProcessLinks', 'UniqueProcessId', 'InheritedFromUniqueProcessId', 'ImageFileName', 'CreateTime', 'ExitTime', 'ActiveThreads',
      'ObjectTable', 'Token', 'Session', 'SessionProcessLinks', 'ThreadListHead',
    ],
  },
  _KPROCESS: { name: 'kprocess', fields: ['DirectoryTableBase'] },
  _ETHREAD: { name: 'ethread', fields: ['ThreadListEntry', 'Cid'] },
  _HANDLE_TABLE: { name: 'handleTable', fields: ['TableCode', 'HandleCount', 'FreeLists'] },
  _HANDLE_TABLE_FREE_LIST: { name: 'handleTableFreeList', fields: ['HandleCount'] },
  _HANDLE_TABLE_ENTRY: { name: 'handleTableEntry', fields: ['Object', 'ObjectPointerBits'] },
  _OBJECT_HEADER: { name: 'objectHeader', fields: ['TypeIndex', 'Body'] },
  _OBJECT_TYPE: { name: 'objectType', fields: ['Name', 'Index', 'TotalNumberOfObjects'] },
  _MM_SESSION_SPACE: { name: 'sessionSpace', fields: ['SessionId', 'ProcessList'] },
};

/** The name that a debugger shows: `_EPROCESS`. */
export function debuggerName(structure: StructureName): string {
  return Object.keys(KERNEL_STRUCTURES).find((name) => KERNEL_STRUCTURES[name]!.name === structure)!;
}
