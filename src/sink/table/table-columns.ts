import { printable } from '../../printable.js';
import { tagMark } from '../../record/tag-mark.js';
import type { Column, RecordType, Row, Value } from '../../record/schema/record-type.js';
import type { TableOptions } from '../sink.js';

/** A column of a printed table. */
export interface TableColumn {
  readonly title: string;
  readonly alignRight: boolean;
  /** Whether a text that does not fit a terminal is cut. Numbers never are. */
  readonly canBeCut?: boolean;
  /** Where a terminal has no room for all columns, those of the lowest rank go first; without a rank it stays. */
  readonly rank?: number;
  text(row: Row): string;
}

/** Terminals of at least this width show the counts of each pool apart. */
const WIDE_TERMINAL = 132;

const POOLS = ['nonpaged', 'paged'] as const;
type Pool = (typeof POOLS)[number];

function total(row: Row, measure: string, pools: readonly Pool[]): bigint {
  return BigInt.asIntN(
    64,
    pools.reduce((sum, pool) => sum + (row[`${pool}_${measure}`] as bigint), 0n),
  );
}

/** Bytes of one allocation in use, as poolmon has it: rounded down; `-` where none is in use. */
function bytesEach(row: Row, pools: readonly Pool[]): string {
  const inUse = total(row, 'outstanding', pools);
  return inUse > 0n ? String(total(row, 'bytes', pools) / inUse) : '-';
}

function count(title: string, measure: string, pools: readonly Pool[], rank?: number): TableColumn {
  const text = (row: Row): string => String(total(row, measure, pools));
  return { title, alignRight: true, text, ...(rank === undefined ? {} : { rank }) };
}

function each(pools: readonly Pool[]): TableColumn {
  return { title: 'Each', alignRight: true, rank: 1, text: (row) => bytesEach(row, pools) };
}

/** `probe.sys? (6.1.2.3, Acme, loaded)`: a candidate, which is doubtful, with what is known of it. */
function candidateText(name: string, drivers: readonly Readonly<Record<string, unknown>>[]): string {
  const driver = drivers.find((one) => one['name'] === name) ?? {};
  const loaded = driver['same_build'] === false ? 'another build is loaded' : 'loaded';
  const facts = [driver['version'], driver['vendor'], driver['loaded'] === true ? loaded : null];
  const told = facts.filter((fact) => typeof fact === 'string');
  return told.length === 0 ? `${name}?` : `${name}? (${told.join(', ')})`;
}

/** `tcpip.sys: TCP endpoints`, or the candidates for a tag on no list. */
function knownAs({ driver, description, candidates, candidate_drivers: drivers }: Row): string {
  const parts = [driver, description].filter((part) => typeof part === 'string');
  if (parts.length > 0) return printable(parts.join(': '));
  if (typeof candidates !== 'string') return '';
  const known = typeof drivers === 'string' ? (JSON.parse(drivers) as Record<string, unknown>[]) : [];
  return printable((JSON.parse(candidates) as string[]).map((name) => candidateText(name, known)).join(', '));
}

const TAG: TableColumn = { title: 'Tag', alignRight: false, text: (row) => String(row['tag']) };
const MARK: TableColumn = {
  title: 'Mark',
  alignRight: false,
  text: ({ complete, consistency }) => tagMark(complete ?? null, consistency ?? null),
};
const KNOWN_AS: TableColumn = { title: 'Known As', alignRight: false, canBeCut: true, text: knownAs };
const SESSION: TableColumn = { title: 'Session', alignRight: true, text: (row) => String(row['session']) };

function countsOf(pool: Pool, title: string): TableColumn[] {
  return [
    count(`${title}Allocs`, 'allocs', [pool], 3),
    count(`${title}Frees`, 'frees', [pool], 2),
    count(`${title}In Use`, 'outstanding', [pool]),
    count(`${title}Bytes`, 'bytes', [pool]),
  ];
}

/**
 * The columns of poolmon, for one pool; for both with the bytes of each, or, where there is room, all counts of each.
 */
function countColumns({ pool, wide, terminalColumns = 0 }: TableOptions): TableColumn[] {
  if (pool !== undefined) return [...countsOf(pool, ''), each([pool])];
  if (wide === true || terminalColumns >= WIDE_TERMINAL)
    return [...countsOf('nonpaged', 'NP '), ...countsOf('paged', 'P '), each(POOLS)];
  return [
    count('Allocs', 'allocs', POOLS, 3),
    count('Frees', 'frees', POOLS, 2),
    count('In Use', 'outstanding', POOLS),
    count('NP Bytes', 'bytes', ['nonpaged']),
    count('P Bytes', 'bytes', ['paged']),
    each(POOLS),
  ];
}

/** The column of a record as it is. The first columns and the last stay longest, as in DuckDB's tables. */
function plainColumn(column: Column, index: number, { length }: readonly Column[]): TableColumn {
  const isText = column.type === 'string';
  return {
    title: column.name,
    alignRight: !isText && column.type !== 'bool' && column.type !== 'timestamp',
    canBeCut: isText,
    ...(index === 0 ? {} : { rank: Math.abs(2 * index - length) + (2 * index > length ? 0 : 1) }),
    text: (row) => plainText(column, row[column.name] ?? null),
  };
}

function plainText(column: Column, value: Value): string {
  if (value === null) return '-';
  if (column.type === 'timestamp') return new Date(value as number).toISOString();
  return printable(String(value));
}

/** Whether the table is one of tags with the counts of both pools. */
export function isOfTags({ name }: RecordType): boolean {
  return name === 'pool_tag' || name === 'pool_tag_session';
}

/** The columns of a record type's table: those of poolmon for tags, for any other type its own. */
export function tableColumns(recordType: RecordType, options: TableOptions): readonly TableColumn[] {
  if (!isOfTags(recordType)) return recordType.columns.map(plainColumn);
  const ofTag = [TAG, MARK, ...countColumns(options), KNOWN_AS];
  return recordType.name === 'pool_tag_session' ? [SESSION, ...ofTag] : ofTag;
}
