import { tableFromIPC, type RecordBatch } from 'apache-arrow';
import type { RecordType, Row } from '../record/schema/record-type.js';
import { decodeParquet } from '../sink/parquet/reader.js';
import { readFailed } from '../sink/read/damaged.js';
import { openRecords } from '../sink/readers.js';
import { rowsOfFile } from '../sink/read/rows-of-batches.js';

/**
 * The rows of a file of a dataset. Parquet is decoded in this thread: the files are of our own making, and a thread for
 * each of thousands would cost more than the reading.
 *
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export async function* partRows(path: string, recordType: RecordType): AsyncGenerator<Row> {
  if (!path.endsWith('.parquet')) {
    yield* (await openRecords(path)).rows;
    return;
  }
  const { batches } = await decodeParquet(path).catch((error: unknown) => { throw readFailed(path, 'footer', error); });
  async function* inArrow(): AsyncGenerator<RecordBatch> {
    for await (const bytes of batches) yield* tableFromIPC(bytes).batches;
  }
  yield* rowsOfFile(inArrow(), recordType, path);
}
