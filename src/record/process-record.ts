import { column, IDENTITY_COLUMNS, KERNEL_COLUMNS, nullableColumn, type RecordType } from './schema/record-type.js';

/** One record per process that any method saw. */
export const PROCESS: RecordType = {
  name: 'process',
  description: 'Processes, with which of five methods saw each of them.',
  columns: [
    ...IDENTITY_COLUMNS,
    ...KERNEL_COLUMNS,
    column('address', 'string', 'Virtual address of the EPROCESS, hexadecimal.'),
    column('pid', 'uint32', 'Process id.'),
    column('ppid', 'uint32', 'Id of the process that made it; that one may be gone and its id another\'s.'),
    column('name', 'string', 'ImageFileName: the first 14 or 15 characters of the file name.'),
    nullableColumn('create_time', 'timestamp', 'When it was made, UTC; null when what is stored is no time.'),
    nullableColumn('exit_time', 'timestamp', 'When it ended, UTC; null while it runs. A process that has ended and is here is not freed yet.'),
    nullableColumn('session', 'int32', 'Session id; null when it is in none, as System is, or the id could not be read.'),
    nullableColumn('page_table_root', 'string', 'Physical address of its page table root, hexadecimal; null when the build\'s layout is not known.'),
    nullableColumn('threads', 'uint32', 'ActiveThreads; null when the build\'s layout is not known.'),
    nullableColumn('handles', 'uint32', 'Handles in use; null when it has no handle table or that is not known.'),
    nullableColumn('seen_by_psactiveprocesshead', 'bool', 'Whether it is on PsActiveProcessHead; null when that could not be read.'),
    nullableColumn('seen_by_pspcidtable', 'bool', 'Whether its id leads to it in PspCidTable; null when that could not be read.'),
    nullableColumn('seen_by_csrss', 'bool', 'Whether a csrss.exe has a handle to it; null when no such table could be read.'),
    nullableColumn('seen_by_sessions', 'bool', 'Whether a session lists it; null when no session could be read.'),
    nullableColumn('seen_by_handles', 'bool', 'Whether any process has a handle to it; null when no handle table could be read.'),
  ],
};
