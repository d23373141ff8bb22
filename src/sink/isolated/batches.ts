import { type RecordBatch, tableFromIPC } from 'apache-arrow';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { RowReader } from '../../record/arrow/record-batches.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import { checkedRow, detectRecordType } from '../read/checked-row.js';
import { damaged, readFailed, type ReadRecords, type RecordInput, type Records } from '../read/record-reader.js';
import { decodeIsolated } from './isolated.js';

/** The rows of batches that came from a file, each checked. */
export async function* rowsOfFile(
  batches: AsyncIterable<RecordBatch>,
  recordType: RecordType,
  name: string,
): AsyncGenerator<Row> {
  const reader = new RowReader(recordType);
  let records = 0;
  const rowsOf = (batch: RecordBatch): Iterable<Row> => {
    try {
      return reader.rows(batch);
    } catch (error) {
      throw damaged(name, `batch after record ${records}`, messageOf(error));
    }
  };
  try {
    for await (const batch of batches) {
      for (const row of rowsOf(batch)) yield checkedRow(recordType, row, name, `record ${++records}`);
    }
  } catch (error) {
    throw readFailed(name, `batch after record ${records}`, error);
  }
}

async function read(format: 'parquet' | 'arrow', input: RecordInput): Promise<Records> {
  const file = await decodeIsolated(format, input.path, input.name);
  try {
    const recordType = detectRecordType(file.columns, input.name, file.metadata);
    return { recordType, rows: rowsOfFile(file.batches, recordType, input.name) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Arrow IPC, file or stream. */
export const readArrow: ReadRecords = (input) => read('arrow', input);

/** Parquet of any codec. */
export const readParquet: ReadRecords = (input) => {
  if (input.path === null)
    throw new PoolTrackerError('USAGE', 'Parquet cannot be read from a pipe: its index is at its end', {
      hint: 'name a file',
    });
  return read('parquet', input);
};

/**
 * The rows of a Parquet file that this program wrote, decoded in this process: a process for each of thousands of files
 * would cost more than reading them.
 *
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export async function* rowsOfOwnParquet(path: string, recordType: RecordType): AsyncGenerator<Row> {
  const { decodeParquet } = await import('../parquet/reader.js');
  const { batches } = await decodeParquet(path).catch((error: unknown) => {
    throw readFailed(path, 'footer', error);
  });
  async function* inArrow(): AsyncGenerator<RecordBatch> {
    for await (const bytes of batches) yield* tableFromIPC(bytes).batches;
  }
  yield* rowsOfFile(inArrow(), recordType, path);
}
