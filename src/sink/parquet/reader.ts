import { openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { tableFromIPC } from 'apache-arrow';
import * as wasm from 'parquet-wasm';
import type { DecodedFile } from '../read/record-reader.js';

/** Rows that are decoded at a time. */
const BATCH_ROWS = 8192;

/** Parquet of any codec, a row group at a time, read through parquet-wasm. */
export async function decodeParquet(path: string): Promise<DecodedFile> {
  // A Blob opens its file late and reports only that it failed; this reports why.
  const handle = await open(path);
  await handle.read(Buffer.alloc(1), 0, 1, 0);
  await handle.close();
  const file = await wasm.ParquetFile.fromFile(await openAsBlob(path));
  const schema = tableFromIPC(file.schema().intoIPCStream()).schema;
  const metadata = file.metadata().fileMetadata().keyValueMetadata() as Map<string, string>;
  return { columns: schema.names.map(String), metadata, batches: batches(file) };
}

async function* batches(file: wasm.ParquetFile): AsyncGenerator<Uint8Array> {
  const groups = file.metadata().numRowGroups();
  for (let group = 0; group < groups; group++) {
    const stream = (await file.stream({
      rowGroups: [group],
      batchSize: BATCH_ROWS,
      concurrency: 1,
    })) as ReadableStream<wasm.RecordBatch>;
    for await (const batch of stream) yield batch.intoIPCStream();
  }
}
