import { METADATA_KEY } from '../../record/schema/file-metadata.js';
import { misfit, type RecordType, type Row, SCHEMA_VERSION, type Value } from '../../record/schema/record-type.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';
import { damaged } from './record-reader.js';

/**
 * The record type to which these columns belong: the one that has them all and requires no others. Nullable columns may
 * be missing, since later versions of a schema add them.
 *
 * @param metadata of the file, in formats that have it
 * @throws PoolTrackerError RECORDS_DAMAGED when no record type fits, or a later version wrote the file
 */
export function detectRecordType(
  columns: readonly string[],
  name: string,
  metadata: ReadonlyMap<string, string> = new Map(),
): RecordType {
  checkSchemaVersion(Number(metadata.get(METADATA_KEY.schemaVersion) ?? SCHEMA_VERSION), name);
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw damaged(name, 'columns', `${twice} occurs twice`);
  const named = RECORD_TYPES.filter((type) => type.name === metadata.get(METADATA_KEY.recordType));
  const candidates = named.length > 0 ? named : RECORD_TYPES;
  const misfits = candidates.map((type) => ({
    type,
    missing: missing(type, columns),
    unknown: unknown(type, columns),
  }));
  const found = misfits.find((fit) => fit.missing.length + fit.unknown.length === 0);
  if (found !== undefined) return found.type;
  const nearest = misfits.reduce((best, fit) =>
    fit.missing.length + fit.unknown.length < best.missing.length + best.unknown.length ? fit : best,
  );
  const faults = [
    ...(nearest.missing.length > 0 ? [`lack ${shortList(nearest.missing)}`] : []),
    ...(nearest.unknown.length > 0 ? [`have the unknown ${shortList(nearest.unknown)}`] : []),
  ];
  throw damaged(
    name,
    'columns',
    `expected those of a record type; the nearest is ${nearest.type.name}, but they ${faults.join(' and ')}`,
  );
}

/** @throws PoolTrackerError RECORDS_DAMAGED when the records are of a later schema than this */
export function checkSchemaVersion(version: number, name: string): void {
  if (Number.isInteger(version) && version >= 1 && version <= SCHEMA_VERSION) return;
  throw damaged(
    name,
    'schema version',
    `expected 1 to ${SCHEMA_VERSION}, found ${version}`,
    'a later version of pool-tracker may read it',
  );
}

function missing(type: RecordType, columns: readonly string[]): string[] {
  return type.columns
    .filter((column) => !column.nullable && !columns.includes(column.name))
    .map((column) => column.name);
}

function unknown(type: RecordType, columns: readonly string[]): string[] {
  return columns.filter((name) => !type.columns.some((column) => column.name === name));
}

function shortList(names: readonly string[]): string {
  const shown = names
    .slice(0, 3)
    .map((name) => name.slice(0, 40))
    .join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/**
 * @param where for messages: `record 17`
 * @throws PoolTrackerError RECORDS_DAMAGED when a value does not fit its column
 */
export function checkedRow(recordType: RecordType, row: Row, name: string, where: string): Row {
  for (const column of recordType.columns) {
    const wrong = misfit(column, row[column.name]);
    if (wrong !== null) throw damaged(name, where, wrong);
  }
  checkSchemaVersion(row['schema_version'] as number, name);
  return row;
}

/** Stands for a value whose text could not be read. */
export const UNREADABLE = Symbol('unreadable');

/** The value that a text format wrote as this text, or UNREADABLE. */
export function valueOfText(type: RecordType['columns'][number]['type'], text: string): Value | typeof UNREADABLE {
  switch (type) {
    case 'string':
      return text;
    case 'bool':
      return text === 'true' ? true : text === 'false' ? false : UNREADABLE;
    // Twenty characters hold every 64-bit integer; a longer run of digits is not even converted.
    case 'int64':
      return /^-?\d{1,19}$/.test(text) ? BigInt(text) : UNREADABLE;
    case 'int32':
    case 'uint32':
      return /^-?\d{1,10}$/.test(text) ? Number(text) : UNREADABLE;
    case 'float64':
      return /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : UNREADABLE;
    case 'timestamp':
      return timestampOfText(text);
  }
}

/** ISO 8601 in UTC, with `T` or a space, to the millisecond; DuckDB's `2021-03-04 05:06:07.089+00` too. */
function timestampOfText(text: string): number | typeof UNREADABLE {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|\+00(?::?00)?)?$/.exec(text);
  if (match === null) return UNREADABLE;
  const milliseconds = Date.parse(`${match[1]}T${match[2]}${(match[3] ?? '.').slice(0, 4).padEnd(4, '0')}Z`);
  return Number.isNaN(milliseconds) ? UNREADABLE : milliseconds;
}
