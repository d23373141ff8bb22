import type { Transform } from 'node:stream';
import {
  BufferType,
  Data,
  type DataType,
  type Dictionary,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  type Utf8,
  Vector,
} from 'apache-arrow';
import { objectTransform } from 'through2';
import type { ColumnData, TextData } from '../columns/column-data.js';
import { ColumnBatchBuilder, END_OF_GROUP, packed, type RowsInGroups } from '../columns/columns-of-rows.js';
import type { ReadValue } from '../columns/column-values.js';
import type { RecordType, Row, Value } from '../schema/record-type.js';
import { arrowSchema } from './arrow-schema.js';
import { ColumnReader } from './column-reader.js';
import { utf8Data } from './utf8-data.js';

export { arrowSchema } from './arrow-schema.js';
export { plainSchema, plainStrings } from './plain-strings.js';
export { readUtf8Bytes, utf8DataOfBytes } from './utf8-data.js';

/**
 * Packs rows into Arrow record batches. The batches of one builder share dictionaries that only grow, so they can go
 * into one IPC file. It holds one batch and the distinct strings seen so far in memory.
 */
export class RecordBatchBuilder {
  private readonly schema: Schema;
  private readonly builder: ColumnBatchBuilder;
  private readonly dictionaries: readonly GrowingDictionary[];

  /** @param capacity rows of a full batch */
  constructor(recordType: RecordType, capacity?: number) {
    this.schema = arrowSchema(recordType);
    this.builder = new ColumnBatchBuilder(recordType, capacity);
    this.dictionaries = recordType.columns.map(() => new GrowingDictionary());
  }

  /** Rows collected since the last batch. */
  get length(): number {
    return this.builder.length;
  }

  get full(): boolean {
    return this.builder.full;
  }

  /**
   * A nullable column that the row lacks is null.
   * @throws PoolTrackerError INTERNAL when a value does not fit its column, or the batch is full
   */
  append(row: Row): void {
    this.builder.append(row);
  }

  /** The rows collected so far, possibly none, as a batch; the next row begins another. */
  take(): RecordBatch {
    const { fields } = this.schema;
    const { numRows, columns } = this.builder.take();
    const children = columns.map((column, index) => this.dictionaries[index]!.data(fields[index]!.type, column!));
    return new RecordBatch(
      this.schema,
      makeData({ type: new Struct(fields), length: numRows, nullCount: 0, children }),
    );
  }
}

/**
 * A column as Arrow's data. The chunks of its dictionary stay the same objects from batch to batch, by which Arrow's
 * writers recognise a delta, the only change that the IPC file format allows.
 */
class GrowingDictionary {
  private chunks: readonly TextData[] = [];
  private vector: Vector<Utf8> | undefined;

  data(type: DataType, { length, offset, nullCount, nullBitmap, values, dictionary }: ColumnData): Data {
    const buffers = { [BufferType.DATA]: values, [BufferType.VALIDITY]: nullBitmap ?? undefined };
    const vector = dictionary === undefined ? undefined : this.grown(type as Dictionary<Utf8>, dictionary.data);
    return new Data(type, offset, length, nullCount, buffers as never, [], vector);
  }

  private grown({ dictionary }: Dictionary<Utf8>, chunks: readonly TextData[]): Vector<Utf8> {
    if (this.vector === undefined || chunks.length > this.chunks.length) {
      const fresh = chunks.slice(this.chunks.length).map((chunk) => utf8Data(dictionary, chunk));
      this.vector = new Vector([...(this.vector?.data ?? []), ...fresh]);
      this.chunks = chunks;
    }
    return this.vector;
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
 * Rows as record batches.
 * @param capacity rows of a full batch
 * @throws PoolTrackerError INTERNAL for a row that does not fit the record type
 */
export function packRows(recordType: RecordType, rows: RowsInGroups, capacity?: number): AsyncGenerator<RecordBatch> {
  return packed(new RecordBatchBuilder(recordType, capacity), rows);
}

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
