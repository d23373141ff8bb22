import { tagMark } from '../../record/tag-mark.js';
import { column, nullableColumn, type RecordType, type Row } from '../../record/schema/record-type.js';

/** The table of the objects behind a tag. */
export const HOLDER_GROUPS: RecordType = {
  name: 'who',
  description: 'Objects of one type that are alike, and who holds them.',
  columns: [
    column('Type', 'string', 'Type of the objects.'),
    column('State', 'string', 'running or exited.'),
    column('Name', 'string', 'Image name of the processes, or the process of the threads.'),
    column('Parent', 'string', 'The process that created them.'),
    column('Objects', 'uint32', 'How many there are.'),
    nullableColumn('Handles', 'uint32', 'Handles to them.'),
    column('Held By', 'string', 'Processes that have these handles.'),
  ],
};

/** The line of all objects of one tag. */
export const HOLDER_TOTALS: RecordType = {
  name: 'who',
  description: 'Objects found beside the outstanding allocations of their tag.',
  columns: [
    column('Tag', 'string', 'The tag.'),
    column('Mark', 'string', 'Whether its counts may be wrong.'),
    column('Type', 'string', 'Type of the objects.'),
    column('Outstanding', 'string', 'Allocations less frees.'),
    column('Kernel', 'string', "The kernel's own count of the type."),
    column('Found', 'uint32', 'Objects found.'),
    column('Exited', 'string', 'Processes or threads among them that have ended.'),
    nullableColumn('Handles', 'uint32', 'Handles to them.'),
    column('Unexplained', 'string', 'Outstanding less found.'),
  ],
};

/** Holders that are named in a line. */
const MAX_NAMED = 4;
const NOBODY = 'no handle';
const OTHERS = 'others';
const NOT_KNOWN = 'not known';

interface Group {
  readonly type: string;
  readonly state: string;
  readonly name: string;
  readonly parent: string;
  objects: number;
  handles: number;
  readonly holders: Map<string, number>;
}

/** Handles by holder: `["csrss.exe (400) x1"]`; a record names the first holders only. */
function holdersOf({ holders, handles }: Row): Map<string, number> {
  const named = new Map<string, number>();
  if (holders === null) return named.set(NOT_KNOWN, 0);
  let rest = handles as number;
  for (const text of JSON.parse(holders as string) as string[]) {
    const at = text.lastIndexOf(' x');
    const count = Number(text.slice(at + 2));
    named.set(text.slice(0, at), count);
    rest -= count;
  }
  if (rest > 0) named.set(OTHERS, rest);
  return named;
}

function isOfProcess({ object_type: type }: Row): boolean {
  return type === 'Process' || type === 'Thread';
}

function nameOf({ object_type: type, name, pid }: Row): string {
  if (name === null) return '?';
  return type === 'Thread' ? `${String(name)} (${String(pid)})` : String(name);
}

/**
 * Groups `object_holder` rows: processes and threads by state, name and parent, with all who hold them; objects of other
 * types by who holds them, so that one that several hold is in several groups.
 */
export async function holderGroups(rows: AsyncIterable<Row> | Iterable<Row>): Promise<Row[]> {
  const groups = new Map<string, Group>();
  const groupOf = (type: string, state: string, name: string, parent: string, holder: string): Group => {
    const key = JSON.stringify([type, state, name, parent, holder]);
    const group = groups.get(key) ?? { type, state, name, parent, objects: 0, handles: 0, holders: new Map() };
    groups.set(key, group);
    group.objects++;
    return group;
  };
  const count = (group: Group, holder: string, handles: number): void => {
    group.handles += handles;
    group.holders.set(holder, (group.holders.get(holder) ?? 0) + handles);
  };
  for await (const row of rows) {
    const type = String(row['object_type']);
    const holders = holdersOf(row);
    if (isOfProcess(row)) {
      const parent = row['ppid'] === null ? '?' : `${String(row['parent_name'] ?? '?')} (${String(row['ppid'])})`;
      const group = groupOf(type, String(row['state'] ?? '?'), nameOf(row), parent, '');
      for (const [holder, handles] of holders) count(group, holder, handles);
    } else if (holders.size === 0) groupOf(type, '-', '-', '-', NOBODY);
    else for (const [holder, handles] of holders) count(groupOf(type, '-', '-', '-', holder), holder, handles);
  }
  return [...groups.values()].sort(byWeight).map(groupRow);
}

/** What has exited first, then what is most. */
function byWeight(a: Group, b: Group): number {
  const isExited = ({ state }: Group): number => (state === 'exited' ? 1 : 0);
  return isExited(b) - isExited(a) || b.objects - a.objects || b.handles - a.handles || (a.name < b.name ? -1 : 1);
}

function groupRow({ type, state, name, parent, objects, handles, holders }: Group): Row {
  const sorted = [...holders].sort(([, a], [, b]) => b - a);
  const named = sorted.slice(0, MAX_NAMED).map(([holder, count]) => (count <= 1 ? holder : `${holder} x${count}`));
  const more = sorted.length > MAX_NAMED ? [`${sorted.length - MAX_NAMED} more`] : [];
  return {
    Type: type,
    State: state,
    Name: name,
    Parent: parent,
    Objects: objects,
    Handles: holders.has(NOT_KNOWN) ? null : handles,
    'Held By': [...named, ...more].join(', ') || NOBODY,
  };
}

/**
 * One line for each type of the rows, which are together. The difference is of the tag: several types may share one.
 * @param none columns of a row for each type of which no object was found
 */
export async function holderTotals(
  rows: AsyncIterable<Row> | Iterable<Row>,
  none: readonly Row[] = [],
): Promise<Row[]> {
  const totals = new Map<string, { first: Row; found: number; exited: number; handles: number }>();
  const ofTag = new Map<string, number>();
  for await (const row of rows) {
    const type = String(row['object_type']);
    const total = totals.get(type) ?? { first: row, found: 0, exited: 0, handles: 0 };
    totals.set(type, total);
    total.found++;
    total.handles += (row['handles'] as number | null) ?? 0;
    if (row['state'] === 'exited') total.exited++;
    ofTag.set(String(row['tag']), (ofTag.get(String(row['tag'])) ?? 0) + 1);
  }
  for (const first of none) totals.set(String(first['object_type']), { first, found: 0, exited: 0, handles: 0 });
  const sorted = [...totals].sort(([, a], [, b]) => (String(a.first['tag']) < String(b.first['tag']) ? -1 : 1));
  return sorted.map(([type, { first, found, exited, handles }]) => {
    const tag = String(first['tag']);
    const outstanding = first['tag_outstanding'];
    return {
      Tag: tag,
      Mark: tagMark(first['tag_complete'] ?? null, first['tag_consistency'] ?? null),
      Type: type,
      Outstanding: typeof outstanding === 'bigint' ? String(outstanding) : '-',
      Kernel: typeof first['type_objects'] === 'number' ? String(first['type_objects']) : '-',
      Found: found,
      Exited: isOfProcess(first) ? String(exited) : '-',
      Handles: first['handles'] === null ? null : handles,
      Unexplained: typeof outstanding === 'bigint' ? String(outstanding - BigInt(ofTag.get(tag) ?? 0)) : '-',
    };
  });
}
