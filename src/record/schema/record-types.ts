import { PoolTrackerError } from '../../errors.js';
import {
  column,
  type Column,
  IDENTITY_COLUMNS,
  KERNEL_COLUMNS,
  nullableColumn,
  type RecordType,
  TAG_COLUMNS,
} from './record-type.js';

const PLACE_COLUMNS: readonly Column[] = [
  column('slot', 'int32', 'Index of the entry in its table.'),
  column('place', 'string', 'Which table the entry lies in: table, overflow (the last slot) or expansion.'),
];

const PROOF_COLUMNS: readonly Column[] = [
  column(
    'complete',
    'bool',
    'False when a page that could hold a part of these counts was missing, or the evidence does not decide.',
  ),
  column('located_by', 'string', 'How the tables were found: known-build, symbols, kdbg, structure or carve.'),
];

/** One record per tag: the totals over all processors, as the kernel itself reports them. */
export const POOL_TAG: RecordType = {
  name: 'pool_tag',
  description: 'Pool tag totals over all processors, summed as the kernel does.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    ...TAG_COLUMNS,
    column('nonpaged_allocs', 'int64', 'Nonpaged allocations since start.'),
    column('nonpaged_frees', 'int64', 'Nonpaged frees since start.'),
    column('nonpaged_outstanding', 'int64', 'Nonpaged allocations minus frees, at the width of the counter, signed.'),
    column(
      'nonpaged_bytes',
      'int64',
      'Nonpaged bytes in use, signed: below zero in an image that changed while it was taken.',
    ),
    column('paged_allocs', 'int64', 'Paged allocations since start.'),
    column('paged_frees', 'int64', 'Paged frees since start.'),
    column('paged_outstanding', 'int64', 'Paged allocations minus frees, at the width of the counter, signed.'),
    column('paged_bytes', 'int64', 'Paged bytes in use, signed.'),
    nullableColumn(
      'big_allocations',
      'int64',
      'How many of the allocations in use take a page or more; null when PoolBigPageTable could not be read whole.',
    ),
    nullableColumn('big_bytes', 'int64', 'Bytes of those; null when PoolBigPageTable could not be read whole.'),
    ...PLACE_COLUMNS,
    column('processors_seen', 'int32', "How many processors' tables hold the tag."),
    ...PROOF_COLUMNS,
    nullableColumn(
      'driver',
      'string',
      'The binary to which the lists of known tags assign the tag, as tcpip.sys or nt!mm; null when they do not say.',
    ),
    nullableColumn(
      'description',
      'string',
      'What the lists of known tags say about the tag; null when they do not say.',
    ),
    nullableColumn(
      'candidates',
      'string',
      'For a tag on no list: JSON array of modules that hold its bytes, likeliest first, a hint, not proof; null when none was found or --drivers not given.',
    ),
  ],
};

/** One record per tag and processor: raw counters, each processor's own share. */
export const POOL_TAG_CPU: RecordType = {
  name: 'pool_tag_cpu',
  description: 'Pool tag counters of one processor, raw; only their sum over all processors is meaningful.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    ...TAG_COLUMNS,
    nullableColumn(
      'processor',
      'int32',
      'Processor number; null for the expansion table, which all processors share, and where carving cannot tell.',
    ),
    column('nonpaged_allocs', 'int64', 'Nonpaged allocations made on this processor.'),
    column('nonpaged_frees', 'int64', 'Nonpaged frees made on this processor.'),
    column(
      'nonpaged_bytes',
      'int64',
      'Nonpaged bytes, signed: memory freed on another processor than it was allocated on leaves this one above and that one below zero.',
    ),
    column('paged_allocs', 'int64', 'Paged allocations made on this processor.'),
    column('paged_frees', 'int64', 'Paged frees made on this processor.'),
    column('paged_bytes', 'int64', 'Paged bytes, signed.'),
    ...PLACE_COLUMNS,
    ...PROOF_COLUMNS,
  ],
};

/** One record per allocation of a page or more. */
export const BIGPOOL: RecordType = {
  name: 'bigpool',
  description: 'Allocations of a page or more, as the kernel lists them in PoolBigPageTable.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('address', 'string', 'Virtual address of the allocation, hexadecimal.'),
    ...TAG_COLUMNS,
    column('bytes', 'int64', 'Bytes of the allocation.'),
    column('pool_type', 'uint32', 'POOL_TYPE of the allocation: bit 0 paged, bit 9 not executable.'),
    column('free', 'bool', 'Whether it has been freed: the entry stays until another allocation takes it.'),
  ],
};

/** One record per image, failed ones too: what was found, how it was proved, what could not be read. */
export const IMAGE: RecordType = {
  name: 'image',
  description: 'What is known of an image and of the scan of it.',
  columns: [
    ...IDENTITY_COLUMNS,
    column('status', 'string', 'ok, incomplete (some pages missing or the evidence not decisive) or failed.'),
    nullableColumn('error_code', 'string', 'Stable code of the error; null unless failed.'),
    nullableColumn('error_message', 'string', 'What went wrong, in one line; null unless failed.'),
    column('warnings', 'string', 'JSON array in text: code and message of each warning.'),
    ...KERNEL_COLUMNS,
    nullableColumn('format', 'string', 'Container format.'),
    nullableColumn('image_bytes', 'int64', 'Size of the container; null for a stream.'),
    nullableColumn('memory_bytes', 'int64', 'Bytes of physical memory in the container.'),
    nullableColumn(
      'runs',
      'string',
      'JSON array in text of the runs: start, length and offset as numbers; the first 64.',
    ),
    nullableColumn('page_table_root', 'string', 'Physical address of the page table root, hexadecimal.'),
    nullableColumn(
      'page_table_root_from',
      'string',
      'Where the root comes from: the crash dump header, an ELF note, the low stub or a self reference.',
    ),
    nullableColumn('page_table_root_verified_by', 'string', 'What proves the root: what is mapped through it.'),
    nullableColumn('paging_levels', 'int32', 'Levels of the page tables: 4 or 5.'),
    nullableColumn('kernel_base', 'string', 'Virtual address of the kernel image, hexadecimal.'),
    nullableColumn('kernel_size', 'int64', 'Bytes of the kernel image, as its header says.'),
    nullableColumn('pdb_name', 'string', "Name of the kernel's PDB."),
    nullableColumn('pdb_age', 'int32', "Age of the kernel's PDB."),
    nullableColumn('nt_build_lab', 'string', 'NtBuildLab, as the kernel names its own build.'),
    nullableColumn(
      'processors',
      'int32',
      'Processors of the machine, as the container or the running system says; null when neither does.',
    ),
    nullableColumn(
      'located_by',
      'string',
      'How the tables were found: known-build, symbols, kdbg, structure or carve.',
    ),
    nullableColumn('tables', 'string', 'JSON array in text: processor, address and pages read of each table.'),
    nullableColumn('entry_size', 'int32', 'Bytes of one tracker entry; tells the layout.'),
    nullableColumn('table_slots', 'int32', 'N, the hashed slots of a table; the overflow slot comes after them.'),
    nullableColumn('hash_law_share', 'float64', 'Share of the keys of table 0 that lie where the hash law puts them.'),
    nullableColumn('tags', 'int32', 'How many tags were found.'),
    nullableColumn('expansion_tags', 'int32', 'How many of them lie in the expansion table.'),
    nullableColumn('processors_seen', 'int32', "Processors' tables summed."),
    nullableColumn('pages_missing', 'int32', 'Pages of the tables that could not be read.'),
    nullableColumn('entries_missing', 'int32', 'Entries on those pages.'),
    nullableColumn(
      'rejected',
      'string',
      'JSON array in text: every candidate for root, kernel or table that was refused, and why.',
    ),
    nullableColumn(
      'carve',
      'string',
      'JSON object in text, when carved: pages found, copies of each table page, alternatives; else null.',
    ),
    column('bytes_read', 'int64', 'Bytes read from the image.'),
    column('elapsed_ms', 'int64', 'Milliseconds that the scan took.'),
    column('tool_version', 'string', 'Version of pool-tracker.'),
  ],
};

/** One record per kind of object and method of counting it. */
export const OBJECT_COUNT: RecordType = {
  name: 'object_count',
  description: 'How many objects each method found, beside what the pool tag of their kind has outstanding.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('kind', 'string', 'process, thread, token, file, key, handle_table or module.'),
    column(
      'method',
      'string',
      'The kernel structure that was used: PsActiveProcessHead, PspCidTable, CSRSS, Sessions, Handles and others.',
    ),
    column('available', 'bool', 'Whether the method could be tried on this image; the reason says why not.'),
    nullableColumn('found', 'uint32', 'How many it found; null when it is not available.'),
    nullableColumn(
      'terminated',
      'uint32',
      'Processes among them that have ended and are not freed; null for other kinds.',
    ),
    nullableColumn(
      'unreadable',
      'uint32',
      'What could not be read, or was not what it should be; null when the method is not available.',
    ),
    column('tag', 'string', 'The pool tag that this kind is allocated under.'),
    nullableColumn(
      'tag_outstanding',
      'int64',
      'Allocations minus frees of that tag, both pools; null when no table has the tag.',
    ),
    nullableColumn('difference', 'int64', 'Found minus outstanding: below zero when the method misses some.'),
    nullableColumn(
      'reason',
      'string',
      'Why the method is not available, else the first thing that could not be read; null when all is well.',
    ),
  ],
};

/** One record per process that any method saw. */
export const PROCESS: RecordType = {
  name: 'process',
  description: 'Processes, with which of five methods saw each of them.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('address', 'string', 'Virtual address of the EPROCESS, hexadecimal.'),
    column('pid', 'uint32', 'Process id.'),
    column(
      'ppid',
      'uint32',
      'Id of the process that created it, which may have ended and its id been given to another.',
    ),
    column('name', 'string', 'ImageFileName: the first 14 or 15 characters of the file name.'),
    nullableColumn('create_time', 'timestamp', 'When it was created, UTC; null when the stored value is not a time.'),
    nullableColumn(
      'exit_time',
      'timestamp',
      'When it ended, UTC; null while it runs. A process that has ended and is here is not freed yet.',
    ),
    nullableColumn(
      'session',
      'int32',
      'Session id; null when it is in none, as System is, or the id could not be read.',
    ),
    nullableColumn(
      'page_table_root',
      'string',
      "Physical address of its page table root, hexadecimal; null when the build's layout is not known.",
    ),
    nullableColumn('threads', 'uint32', "ActiveThreads; null when the build's layout is not known."),
    nullableColumn('handles', 'uint32', 'Handles in use; null when it has no handle table or that is not known.'),
    nullableColumn(
      'seen_by_psactiveprocesshead',
      'bool',
      'Whether it is on PsActiveProcessHead; null when that could not be read.',
    ),
    nullableColumn(
      'seen_by_pspcidtable',
      'bool',
      'Whether its id leads to it in PspCidTable; null when that could not be read.',
    ),
    nullableColumn(
      'seen_by_csrss',
      'bool',
      'Whether a csrss.exe has a handle to it; null when no such table could be read.',
    ),
    nullableColumn('seen_by_sessions', 'bool', 'Whether a session lists it; null when no session could be read.'),
    nullableColumn(
      'seen_by_handles',
      'bool',
      'Whether any process has a handle to it; null when no handle table could be read.',
    ),
  ],
};

/** Every kind of record; schemas/ is generated from this list. */
export const RECORD_TYPES: readonly RecordType[] = [POOL_TAG, POOL_TAG_CPU, IMAGE, PROCESS, OBJECT_COUNT, BIGPOOL];

/** @throws PoolTrackerError USAGE for a name that is not in the list */
export function recordTypeNamed(name: string): RecordType {
  const found = RECORD_TYPES.find((type) => type.name === name);
  if (found !== undefined) return found;
  throw new PoolTrackerError('USAGE', `no record type is named '${name}'`, {
    hint: `one of: ${RECORD_TYPES.map((type) => type.name).join(', ')}`,
  });
}
