import { Readable } from 'node:stream';
import { batchesOfRows } from '../../../src/record/arrow/record-batches.js';
import type { RecordType, Row } from '../../../src/record/schema/record-type.js';
import { openSink, type SinkOptions } from '../../../src/sink/open-sink.js';
import { pipelineInto } from '../../../src/sink/open-sink.js';
import { openRecords } from '../../../src/sink/readers.js';
import { sinkForPath } from '../../../src/sink/sinks.js';

/** @param batchRows small, to have many batches */
export async function writeRecords(
  path: string,
  recordType: RecordType,
  rows: readonly Row[],
  options: SinkOptions = {},
  batchRows = 8192,
): Promise<void> {
  const sink = await openSink({ recordType, format: sinkForPath(path), target: path }, options);
  await pipelineInto(sink, Readable.from(rows), batchesOfRows(recordType, batchRows));
}

export async function readRecords(path: string): Promise<{ recordType: RecordType | null; rows: Row[] }> {
  const { recordType, rows } = await openRecords(path);
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return { recordType, rows: all };
}
