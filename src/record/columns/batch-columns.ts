import type { Data, RecordBatch, Timestamp } from 'apache-arrow';
import { PoolTrackerError } from '../../errors.js';
import type { Column, ColumnType, RecordType } from '../schema/record-type.js';
import { dataHold, textsHold, TYPE } from './bounds.js';
import type { ColumnBatch, ColumnData, TextData } from './column-data.js';

/** Of Arrow's `TimeUnit`. */
const MILLISECOND = 1;

function typeIdOf({ type }: Data): number {
  return type.typeId;
}

/** Whether data lie in memory as those of our own schema do. */
const FITS: Readonly<Record<ColumnType, (data: Data) => boolean>> = {
  string: (data) =>
    typeIdOf(data) === TYPE.utf8 ||
    (typeIdOf(data) === TYPE.dictionary &&
      data.values instanceof Int32Array &&
      data.dictionary?.data.every((chunk) => typeIdOf(chunk) === TYPE.utf8) === true),
  bool: (data) => typeIdOf(data) === TYPE.bool,
  int32: (data) => typeIdOf(data) === TYPE.int && data.values instanceof Int32Array,
  uint32: (data) => typeIdOf(data) === TYPE.int && data.values instanceof Uint32Array,
  int64: (data) => typeIdOf(data) === TYPE.int && data.values instanceof BigInt64Array,
  float64: (data) => typeIdOf(data) === TYPE.float && data.values instanceof Float64Array,
  timestamp: (data) =>
    typeIdOf(data) === TYPE.timestamp &&
    data.values instanceof BigInt64Array &&
    ((data.type as Timestamp).unit as number) === MILLISECOND,
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
const lookedAt = new WeakSet<object>();

function checked(column: Column, data: Data | undefined): ColumnData | null {
  if (data === undefined) return null;
  if (!FITS[column.type](data)) throw damaged(column, `expected ${column.type}, found Arrow type ${String(data.type)}`);
  for (const chunk of (data.dictionary?.data ?? []) as unknown as readonly TextData[]) {
    if (lookedAt.has(chunk)) continue;
    if (!textsHold(chunk)) throw damaged(column, 'its dictionary is shorter than its length');
    lookedAt.add(chunk);
  }
  // What Arrow counts anew whenever it is asked is kept.
  const { length, offset, nullCount, nullBitmap, values, valueOffsets, dictionary } = data as unknown as ColumnData;
  const plain = { length, offset, nullCount, nullBitmap, values, valueOffsets, dictionary };
  if (!dataHold(typeIdOf(data), plain)) throw damaged(column, 'its buffers are shorter than its length');
  return plain;
}

function damaged({ name }: Column, what: string): PoolTrackerError {
  return new PoolTrackerError('RECORDS_DAMAGED', `column ${name}: ${what}`);
}
