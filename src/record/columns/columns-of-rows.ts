import { PoolTrackerError } from '../../errors.js';
import { misfit, type RecordType, type Row } from '../schema/record-type.js';
import { columnBuilder, type ColumnBuilder } from './column-builder.js';
import type { ColumnBatch } from './column-data.js';

/** Default number of rows in a batch: enough that the cost of a batch is small compared to that of its rows. */
export const BATCH_ROWS = 8192;

/** Among rows: those before it are not to wait for a batch to be full. */
export const END_OF_GROUP = Symbol('end of a group of rows');

/**
 * Packs rows into columns. The batches of one builder share dictionaries that only grow. It holds one batch and the
 * distinct strings seen so far in memory.
 */
export class ColumnBatchBuilder {
  private readonly columns: readonly ColumnBuilder[];
  private rows = 0;

  /** @param capacity rows of a full batch */
  constructor(
    private readonly recordType: RecordType,
    private readonly capacity: number = BATCH_ROWS,
  ) {
    this.columns = recordType.columns.map((column) => columnBuilder(column, capacity));
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
  take(): ColumnBatch {
    const batch = { numRows: this.rows, columns: this.columns.map((column) => column.take(this.rows)) };
    this.rows = 0;
    return batch;
  }
}

/** Rows, at hand or still to come. */
export type RowsInGroups = Iterable<Row | typeof END_OF_GROUP> | AsyncIterable<Row | typeof END_OF_GROUP>;

/** What packs rows into batches. */
export interface BatchBuilder<Batch> {
  readonly length: number;
  readonly full: boolean;
  append(row: Row): void;
  take(): Batch;
}

/**
 * The batches of a builder, each made when it is asked for: full ones, but for those at the end and before
 * END_OF_GROUP.
 * @throws PoolTrackerError INTERNAL for a row that does not fit the record type
 */
export async function* packed<Batch>(builder: BatchBuilder<Batch>, rows: RowsInGroups): AsyncGenerator<Batch> {
  const isDue = (row: Row | typeof END_OF_GROUP): boolean => {
    if (row !== END_OF_GROUP) builder.append(row);
    return builder.full || (row === END_OF_GROUP && builder.length > 0);
  };
  // Rows that are at hand are not waited for one by one.
  if (Symbol.iterator in rows) {
    for (const row of rows) if (isDue(row)) yield builder.take();
  } else {
    for await (const row of rows) if (isDue(row)) yield builder.take();
  }
  if (builder.length > 0) yield builder.take();
}

/**
 * Rows as batches of columns.
 * @param capacity rows of a full batch
 * @throws PoolTrackerError INTERNAL for a row that does not fit the record type
 */
export function columnsOfRows(
  recordType: RecordType,
  rows: RowsInGroups,
  capacity?: number,
): AsyncGenerator<ColumnBatch> {
  return packed(new ColumnBatchBuilder(recordType, capacity), rows);
}
