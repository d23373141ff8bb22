import { column, IDENTITY_COLUMNS, KERNEL_COLUMNS, nullableColumn, recordType } from './record-type.js';

/** One record per kind of object and method of counting it. */
export const OBJECT_COUNT = recordType({
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
    column(
      'available',
      'bool',
      'Whether the method could be tried on this image, and worked: one that finds none of many did not. The reason says why not.',
    ),
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
    nullableColumn(
      'tag_complete',
      'bool',
      'Whether the counts of that tag are complete; null when no table has the tag, and before schema version 2.',
    ),
    nullableColumn(
      'tag_consistency',
      'string',
      'What the counters of that tag show: consistent, torn or impossible; null likewise.',
    ),
    nullableColumn('difference', 'int64', 'Found minus outstanding: below zero when the method misses some.'),
    nullableColumn(
      'reason',
      'string',
      'Why the method is not available, else the first thing that could not be read; null when all is well.',
    ),
  ],
});

/** One record per object of a type whose tag is asked for. */
export const OBJECT_HOLDER = recordType({
  name: 'object_holder',
  description: 'Objects behind the count of a pool tag, with the processes that have handles to each of them.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('tag', 'string', 'The pool tag that objects of the type are allocated under.'),
    column('object_type', 'string', 'Type of the object as the kernel names it: Process, Thread, Token, File, Event.'),
    column('address', 'string', 'Virtual address of the object, hexadecimal.'),
    nullableColumn(
      'name',
      'string',
      'ImageFileName of the process that it is, or, of a thread, that it belongs to; null for other types.',
    ),
    nullableColumn('pid', 'uint32', 'Id of that process; null likewise.'),
    nullableColumn('ppid', 'uint32', 'Id of the process that created that process; null likewise.'),
    nullableColumn(
      'parent_name',
      'string',
      'ImageFileName of the parent; null when it is not found, or was created later: then its id was given anew.',
    ),
    nullableColumn(
      'state',
      'string',
      'running or exited, of a process or thread; null for other types, and when it cannot be told.',
    ),
    nullableColumn('handles', 'uint32', 'Handles to it, in all processes; null when no handle table can be read.'),
    nullableColumn('holding_processes', 'uint32', 'Processes that have such a handle; null likewise.'),
    nullableColumn(
      'holders',
      'string',
      'Those with most handles first, 64 at most: JSON array in text of NAME (PID) xHANDLES, as csrss.exe (400) x1; null likewise.',
    ),
    nullableColumn(
      'tag_outstanding',
      'int64',
      'Allocations minus frees of the tag, both pools; null when no table has the tag.',
    ),
    nullableColumn('tag_complete', 'bool', 'Whether the counts of the tag are complete; null when no table has it.'),
    nullableColumn(
      'tag_consistency',
      'string',
      'What the counters of the tag show: consistent, torn or impossible; null likewise.',
    ),
    nullableColumn(
      'type_objects',
      'uint32',
      "The kernel's own count of objects of the type, TotalNumberOfObjects; null when it cannot be read.",
    ),
  ],
});

/** One record per process that any method saw. */
export const PROCESS = recordType({
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
});
