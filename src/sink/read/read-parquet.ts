import { openAsBlob } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { tableFromIPC, type RecordBatch } from 'apache-arrow';
import * as wasm from 'parquet-wasm';
import { PoolTrackerError } from '../../errors.js';
import { readFailed } from './damaged.js';
import { detectRecordType } from './detect-record-type.js';
import type { ReadRecords } from './record-reader.js';
import { rowsOfFile } from './rows-of-batches.js';

/** Rows that are unpacked at a time. */
const BATCH_ROWS = 8192;

/** Parquet of any codec, a row group at a time, read through parquet-wasm. */
export const readParquet: ReadRecords = async (input) => {
  if (input.path === null) throw new PoolTrackerError('USAGE', 'Parquet cannot be read from a pipe: its index is at its end', { hint: 'name a file' });
  try {
    await access(input.path, constants.R_OK);
    const file = await wasm.ParquetFile.fromFile(await openAsBlob(input.path));
    const schema = tableFromIPC(file.schema().intoIPCStream()).schema;
    const metadata = file.metadata().fileMetadata().keyValueMetadata() as Map<string, string>;
    const recordType = detectRecordType(schema.names.map(String), input.name, metadata);
    return { recordType, rows: rowsOfFile(batches(file), recordType, input.name) };
  } catch (error) {
    throw readFailed(input.name, 'footer', error);
  }
};

async function* batches(file: wasm.ParquetFile): AsyncGenerator<RecordBatch> {
  const groups = file.metadata().numRowGroups();
  for (let group = 0; group < groups; group++) {
    const stream = await file.stream({ rowGroups: [group], batchSize: BATCH_ROWS, concurrency: 1 }) as ReadableStream<wasm.RecordBatch>;
    for await (const batch of stream) yield* tableFromIPC(batch.intoIPCStream()).batches;
  }
}
