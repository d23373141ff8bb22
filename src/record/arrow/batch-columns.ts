import { type Data, type RecordBatch, type Timestamp, TimeUnit, Type } from 'apache-arrow';
import { PoolTrackerError } from '../../errors.js';
import type { ColumnBatch, ColumnData } from '../columns/column-data.js';
import type { Column, ColumnType, RecordType } from '../schema/record-type.js';
import { buffersHold, withinBounds } from './column-reader.js';

type HasType = (data: Data) => boolean;

const isText: HasType = ({ type }) => (type.typeId as Type) === Type.Utf8;

/** Whether data lie in memory as those of our own schema do. */
const FITS: Readonly<Record<ColumnType, HasType>> = {
  string: (data) =>
    isText(data) ||
    (data.values instanceof Int32Array && data.dictionary?.data.every((chunk) => isText(chunk)) === true),
  bool: ({ type }) => (type.typeId as Type) === Type.Bool,
  int32: ({ values }) => values instanceof Int32Array,
  uint32: ({ values }) => values instanceof Uint32Array,
  int64: ({ values }) => values instanceof BigInt64Array,
  float64: ({ values }) => values instanceof Float64Array,
  timestamp: ({ type, values }) => values instanceof BigInt64Array && (type as Timestamp).unit === TimeUnit.MILLISECOND,
};

/**
 * The columns of a record batch, in the order of the record type, as they lie in memory. Whether each index is within its
 * dictionary is for who looks it up.
 * @throws PoolTrackerError RECORDS_DAMAGED when a column is of another type or cut short
 */
export function columnsOfBatch(batch: RecordBatch, { columns }: RecordType): ColumnBatch {
  const names = batch.schema.fields.map(({ name }) => name);
  return {
    numRows: batch.numRows,
    columns: columns.map((column) => checked(column, batch.data.children[names.indexOf(column.name)])),
  };
}

/** Chunks of dictionaries that have been looked at: batch after batch has them. */
const lookedAt = new WeakSet<Data>();

function checked(column: Column, data: Data | undefined): ColumnData | null {
  if (data === undefined) return null;
  if (!FITS[column.type](data)) throw damaged(column, `expected ${column.type}, found Arrow type ${String(data.type)}`);
  for (const chunk of (data.dictionary?.data ?? []) as readonly Data[]) {
    if (lookedAt.has(chunk)) continue;
    if (!withinBounds(chunk)) throw damaged(column, 'its dictionary is shorter than its length');
    lookedAt.add(chunk);
  }
  if (!buffersHold(data)) throw damaged(column, 'its buffers are shorter than its length');
  const { length, offset, nullCount, nullBitmap, values, valueOffsets } = data;
  const dictionary = data.dictionary as ColumnData['dictionary'];
  // What Arrow counts anew whenever it is asked is kept.
  return { length, offset, nullCount, nullBitmap, values, valueOffsets, dictionary } as ColumnData;
}

function damaged({ name }: Column, what: string): PoolTrackerError {
  return new PoolTrackerError('RECORDS_DAMAGED', `column ${name}: ${what}`);
}
