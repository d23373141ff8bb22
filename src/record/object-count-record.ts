import { column, IDENTITY_COLUMNS, KERNEL_COLUMNS, nullableColumn, type RecordType } from './schema/record-type.js';

/** One record per kind of object and method of counting it. */
export const OBJECT_COUNT: RecordType = {
  name: 'object_count',
  description: 'How many objects each method found, beside what the pool tag of their kind has outstanding.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('kind', 'string', 'process, thread, token, file, key, handle_table or module.'),
    column('method', 'string', 'The kernel structure that was asked: PsActiveProcessHead, PspCidTable, CSRSS, Sessions, Handles and others.'),
    column('available', 'bool', 'Whether the method could be tried on this image; the reason says why not.'),
    nullableColumn('found', 'uint32', 'How many it found; null when it is not available.'),
    nullableColumn('terminated', 'uint32', 'Processes among them that have ended and are not freed; null for other kinds.'),
    nullableColumn('unreadable', 'uint32', 'What could not be read, or was not what it should be; null when the method is not available.'),
    column('tag', 'string', 'The pool tag that this kind is allocated under.'),
    nullableColumn('tag_outstanding', 'int64', 'Allocations less frees of that tag, both pools; null when no table has the tag.'),
    nullableColumn('difference', 'int64', 'Found less outstanding: below zero when the method misses some.'),
    nullableColumn('reason', 'string', 'Why the method is not available, else the first thing that could not be read; null when all is well.'),
  ],
};
