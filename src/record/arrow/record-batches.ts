import type { Transform } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import { objectTransform } from 'through2';
import { ColumnReader, type ReadValue } from './column-reader.js';
import { RecordBatchBuilder } from '../record-batch-builder.js';
import type { RecordType, Row, Value } from '../schema/record-type.js';

/** Unpacks batches of one record type into rows; a nullable column that a batch lacks is null. */
export class RowReader {
  private readonly readers: readonly ColumnReader[];

  constructor(private readonly recordType: RecordType) {
    this.readers = recordType.columns.map((column) => new ColumnReader(column));
  }

  /** @throws PoolTrackerError RECORDS_DAMAGED, before the first row, when a column is of another type or cut short */
  rows(batch: RecordBatch): Iterable<Row> {
    const fields = batch.schema.fields.map((field) => field.name);
    const reads = this.recordType.columns.map((column, index) => {
      const data = batch.data.children[fields.indexOf(column.name)];
      return data === undefined ? () => null : this.readers[index]!.open(data);
    });
    return this.readRows(batch.numRows, reads);
  }

  private *readRows(count: number, reads: readonly ReadValue[]): Generator<Row> {
    const { columns } = this.recordType;
    for (let row = 0; row < count; row++) {
      const values: Record<string, Value> = {};
      for (let index = 0; index < columns.length; index++) values[columns[index]!.name] = reads[index]!(row);
      yield values;
    }
  }
}

/** A stream of record batches in, their rows out. */
export function rowsOfBatches(recordType: RecordType): Transform {
  const reader = new RowReader(recordType);
  return objectTransform(function (this: Transform, batch: RecordBatch, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    try {
      for (const row of reader.rows(batch)) this.push(row);
      done();
    } catch (error) {
      done(error as Error);
    }
  }) as unknown as Transform;
}

/**
 * A stream of rows in, record batches out. Rows that do not fit the record type end it with PoolTrackerError INTERNAL.
 * @param capacity rows of a full batch
 */
export function batchesOfRows(recordType: RecordType, capacity?: number): Transform {
  const builder = new RecordBatchBuilder(recordType, capacity);
  return objectTransform(
    function (this: Transform, row: Row, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
      try {
        builder.append(row);
        if (builder.full) this.push(builder.take());
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    function (this: Transform, done: (error?: Error | null) => void) {
      if (builder.length > 0) this.push(builder.take());
      done();
    },
  ) as unknown as Transform;
}
