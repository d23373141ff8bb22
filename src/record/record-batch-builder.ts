import { makeData, RecordBatch, Struct, type Schema } from 'apache-arrow';
import { PoolTrackerError } from '../errors.js';
import { arrowSchema } from './arrow/arrow-schema.js';
import { columnBuilder, type ColumnBuilder } from './arrow/column-builder.js';
import type { RecordType, Row } from './schema/record-type.js';
import { misfit } from './value-types.js';

/** Rows of a batch unless told otherwise: enough that the cost of a batch is small beside that of its rows. */
export const BATCH_ROWS = 8192;

/**
 * Packs rows into Arrow record batches. The batches of one builder share dictionaries that only grow, so they can go
 * into one IPC file; memory is one batch and the distinct strings seen so far.
 */
export class RecordBatchBuilder {
  private readonly schema: Schema;
  private readonly columns: readonly ColumnBuilder[];
  private rows = 0;

  /** @param capacity rows of a full batch */
  constructor(private readonly recordType: RecordType, private readonly capacity: number = BATCH_ROWS) {
    this.schema = arrowSchema(recordType);
    this.columns = recordType.columns.map((column, index) => columnBuilder(column, this.schema.fields[index]!.type, capacity));
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
    if (this.full) throw new PoolTrackerError('INTERNAL', `record batch of ${this.recordType.name}: more than ${this.capacity} rows`);
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

  /** The rows collected so far, which may be none, as a batch; the next row begins another. */
  take(): RecordBatch {
    const children = this.columns.map((column) => column.take(this.rows));
    const data = makeData({ type: new Struct(this.schema.fields), length: this.rows, nullCount: 0, children });
    this.rows = 0;
    return new RecordBatch(this.schema, data);
  }
}
