import type { Transform } from 'node:stream';
import { makeData, RecordBatch, type Schema, Struct } from 'apache-arrow';
import { objectTransform } from 'through2';
import { PoolTrackerError } from '../../errors.js';
import { misfit, type RecordType, type Row, type Value } from '../schema/record-type.js';
import { arrowSchema } from './arrow-schema.js';
import { columnBuilder, type ColumnBuilder } from './column-builder.js';
import { ColumnReader, type ReadValue } from './column-reader.js';

export { arrowSchema } from './arrow-schema.js';
export { columnsOfBatch } from './batch-columns.js';
export { plainSchema, plainStrings } from './plain-strings.js';
export { readUtf8Bytes, utf8DataOfBytes } from './utf8-data.js';
export { ColumnReader, type ReadValue } from './column-reader.js';

/** Default number of rows in a batch: enough that the cost of a batch is small compared to that of its rows. */
export const BATCH_ROWS = 8192;

/**
 * Packs rows into Arrow record batches. The batches of one builder share dictionaries that only grow, so they can go
 * into one IPC file. It holds one batch and the distinct strings seen so far in memory.
 */
export class RecordBatchBuilder {
  private readonly schema: Schema;
  private readonly columns: readonly ColumnBuilder[];
  private rows = 0;

  /** @param capacity rows of a full batch */
  constructor(
    private readonly recordType: RecordType,
    private readonly capacity: number = BATCH_ROWS,
  ) {
    this.schema = arrowSchema(recordType);
    this.columns = recordType.columns.map((column, index) =>
      columnBuilder(column, this.schema.fields[index]!.type, capacity),
    );
  }

  /** Rows collected since the last batch. */
  get length(): number {
    return this.rows;
  }

  get full(): boolean {
    return this.rows >= this.capacity;
  }

  /**
   * A nullable column that the row lacks is null.
   * @throws PoolTrackerError INTERNAL when a value does not fit its column, or the batch is full
   */
  append(row: Row): void {
    if (this.full)
      throw new PoolTrackerError(
        'INTERNAL',
        `record batch of ${this.recordType.name}: more than ${this.capacity} rows`,
      );
    const { columns } = this.recordType;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]!;
      const value = row[column.name];
      const wrong = misfit(column, value);
      if (wrong !== null) throw new PoolTrackerError('INTERNAL', `record ${this.recordType.name}: ${wrong}`);
      this.columns[index]!.set(this.rows, value ?? null);
    }
    this.rows++;
  }

  /** The rows collected so far, possibly none, as a batch; the next row begins another. */
  take(): RecordBatch {
    const children = this.columns.map((column) => column.take(this.rows));
    const data = makeData({ type: new Struct(this.schema.fields), length: this.rows, nullCount: 0, children });
    this.rows = 0;
    return new RecordBatch(this.schema, data);
  }
}

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
  return objectTransform(function (
    this: Transform,
    batch: RecordBatch,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ) {
    try {
      for (const row of reader.rows(batch)) this.push(row);
      done();
    } catch (error) {
      done(error as Error);
    }
  }) as unknown as Transform;
}

/**
 * Rows in, record batches out, each made when it is asked for; none where there are no rows.
 * @param groups of rows, one after the other
 * @param capacity rows of a full batch
 * @throws PoolTrackerError INTERNAL for rows that do not fit the record type
 */
export async function* packRows(
  recordType: RecordType,
  groups: Iterable<Iterable<Row> | AsyncIterable<Row>>,
  capacity?: number,
): AsyncGenerator<RecordBatch, void, undefined> {
  const builder = new RecordBatchBuilder(recordType, capacity);
  for (const rows of groups) {
    // Rows that are at hand are not waited for one by one.
    if (Symbol.iterator in rows)
      for (const row of rows) {
        builder.append(row);
        if (builder.full) yield builder.take();
      }
    else
      for await (const row of rows) {
        builder.append(row);
        if (builder.full) yield builder.take();
      }
  }
  if (builder.length > 0) yield builder.take();
}

/** Among rows: those before it are not to wait for a batch to be full. */
export const END_OF_GROUP = Symbol('end of a group of rows');

/**
 * A stream of rows in, record batches out: full ones, but for those at the end and before END_OF_GROUP. Rows that do not
 * fit the record type end it with PoolTrackerError INTERNAL.
 * @param capacity rows of a full batch
 */
export function batchesOfRows(recordType: RecordType, capacity?: number): Transform {
  const builder = new RecordBatchBuilder(recordType, capacity);
  return objectTransform(
    function (
      this: Transform,
      row: Row | typeof END_OF_GROUP,
      _encoding: BufferEncoding,
      done: (error?: Error | null) => void,
    ) {
      try {
        if (row !== END_OF_GROUP) builder.append(row);
        if (builder.full || (row === END_OF_GROUP && builder.length > 0)) this.push(builder.take());
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
