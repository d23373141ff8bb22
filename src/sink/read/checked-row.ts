import type { RecordType, Row, Value } from '../../record/schema/record-type.js';
import { misfit } from '../../record/value-types.js';
import { damaged } from './damaged.js';
import { checkSchemaVersion } from './detect-record-type.js';

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

/** What of a value's text could not be read. */
export const UNREADABLE = Symbol('unreadable');

/** The value that a text format wrote as this text, or UNREADABLE. */
export function valueOfText(type: RecordType['columns'][number]['type'], text: string): Value | typeof UNREADABLE {
  switch (type) {
    case 'string': return text;
    case 'bool': return text === 'true' ? true : text === 'false' ? false : UNREADABLE;
    // Twenty characters hold every 64-bit integer; a longer run of digits is not even converted.
    case 'int64': return /^-?\d{1,19}$/.test(text) ? BigInt(text) : UNREADABLE;
    case 'int32': case 'uint32': return /^-?\d{1,10}$/.test(text) ? Number(text) : UNREADABLE;
    case 'float64': return /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : UNREADABLE;
    case 'timestamp': return timestampOfText(text);
  }
}

/** ISO 8601 in UTC, with `T` or a space, to the millisecond; DuckDB's `2021-03-04 05:06:07.089+00` too. */
function timestampOfText(text: string): number | typeof UNREADABLE {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|\+00(?::?00)?)?$/.exec(text);
  if (match === null) return UNREADABLE;
  const milliseconds = Date.parse(`${match[1]}T${match[2]}${(match[3] ?? '.').slice(0, 4).padEnd(4, '0')}Z`);
  return Number.isNaN(milliseconds) ? UNREADABLE : milliseconds;
}
