import { column, nullableColumn, type RecordType, type Row, type Value } from '../../record/schema/record-type.js';
import { tagMark } from '../../record/tag-mark.js';

/** Stands beside objects that do not add up. */
export const DIFFERS = '<>';

/** What `check` prints of `object_count` records: the reasons stand below, where they have room. */
export const COUNTS_TABLE: RecordType = {
  name: 'check',
  description: 'Objects beside the outstanding allocations of their tag.',
  columns: [
    column('Tag', 'string', 'Pool tag.'),
    nullableColumn('In Use', 'int64', 'Allocations less frees.'),
    column('Counted By', 'string', 'Who was asked.'),
    nullableColumn('Found', 'uint32', 'How many it found.'),
    nullableColumn('Ended', 'uint32', 'Terminated ones among them.'),
    nullableColumn('Unread', 'uint32', 'What could not be read.'),
    nullableColumn('Differs', 'int64', 'Found less outstanding.'),
    column('Mark', 'string', "Whether they differ, and the tag's own mark."),
    column('Note', 'string', 'Which note tells why it is not available, or what could not be read.'),
  ],
};

/** `object_count` records for the table, and the reasons that they name by number, each once. */
export function countsTable(records: readonly Row[]): { readonly rows: Row[]; readonly notes: string[] } {
  const notes: string[] = [];
  const rows = records.map((row): Row => {
    const reason = row['reason'] as string | null;
    if (reason !== null && !notes.includes(reason)) notes.push(reason);
    const differs = row['difference'] !== null && row['difference'] !== 0n;
    return {
      Tag: row['tag']!,
      'In Use': row['tag_outstanding']!,
      'Counted By': row['method']!,
      Found: row['found']!,
      Ended: row['terminated']!,
      Unread: row['unreadable']!,
      Differs: row['difference']!,
      Mark: `${differs ? DIFFERS : ''}${tagMark(row['tag_complete']!, row['tag_consistency']!)}`,
      Note: reason === null ? '' : `[${notes.indexOf(reason) + 1}]`,
    };
  });
  return { rows, notes };
}

const WAYS = [
  ['List', 'seen_by_psactiveprocesshead'],
  ['IdTable', 'seen_by_pspcidtable'],
  ['CSRSS', 'seen_by_csrss'],
  ['Session', 'seen_by_sessions'],
  ['Handle', 'seen_by_handles'],
] as const;

/** What `check` prints of processes that not all ways find. */
export const DISPUTED_TABLE: RecordType = {
  name: 'disputed',
  description: 'Processes on which the ways of listing them disagree.',
  columns: [
    column('PID', 'uint32', 'Process id.'),
    column('Parent', 'uint32', 'Process id of the parent.'),
    column('Name', 'string', 'Image name.'),
    ...WAYS.map(([title]) => column(title, 'string', 'Whether this way sees it; - where the way is not available.')),
    column('Ended', 'string', 'When it ended.'),
  ],
};

function seen(value: Value | undefined): string {
  return value === true ? 'yes' : value === false ? 'NO' : '-';
}

/** A `process` record for the table. */
export function disputedRow(row: Row): Row {
  const ended = row['exit_time'];
  return {
    PID: row['pid']!,
    Parent: row['ppid']!,
    Name: row['name']!,
    ...Object.fromEntries(WAYS.map(([title, name]) => [title, seen(row[name])])),
    Ended: typeof ended === 'number' ? new Date(ended).toISOString().slice(0, 19).replace('T', ' ') : '-',
  };
}
