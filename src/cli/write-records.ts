import { Readable, type Writable } from 'node:stream';
import type { RecordType, Row } from '../record/schema/record-type.js';
import { pipelineInto } from '../sink/pipeline-into.js';

/** Sends rows through record batches into a sink. */
export async function writeRows(recordType: RecordType, rows: AsyncIterable<Row> | Iterable<Row>, sink: Writable): Promise<void> {
  const { batchesOfRows } = await import('../record/arrow/record-batches.js');
  await pipelineInto(sink, Readable.from(rows), batchesOfRows(recordType));
}
