import { type RecordBatch, Table, tableToIPC } from 'apache-arrow';
import * as wasm from 'parquet-wasm';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { plainStrings, RecordBatchBuilder } from '../../record/arrow/record-batches.js';
import { fileMetadata, toolVersion } from '../../record/schema/file-metadata.js';
import type { Encode, ParquetCompression } from '../sink.js';

/** Rows of a row group unless told otherwise: what DuckDB's own writer takes, and reads one thread each. */
const ROW_GROUP_ROWS = 122_880;

const COMPRESSION: Readonly<Record<ParquetCompression, wasm.Compression>> = {
  zstd: wasm.Compression.ZSTD,
  gzip: wasm.Compression.GZIP,
  snappy: wasm.Compression.SNAPPY,
  none: wasm.Compression.UNCOMPRESSED,
};

/**
 * Parquet by parquet-wasm, which is arrow-rs: ZSTD, dictionaries, exact at every width. The batches go in as Arrow IPC
 * and the bytes come out one row group at a time; the row group being filled is held in memory. Parquet makes
 * dictionaries of its own; an Arrow dictionary type in a file's metadata only causes trouble for readers: pandas cannot
 * unify the dictionaries of several row groups when one of them is empty, and pyarrow's hive partitions clash with it.
 */
export const encodeWithParquetWasm: Encode = async function* (batches, recordType, options) {
  const source = batches[Symbol.asyncIterator]();
  let failure: unknown;
  // The writer learns the schema from its first batch, so that a file without rows still needs one.
  let first: RecordBatch | null = new RecordBatchBuilder(recordType, 1).take();
  const input = new ReadableStream<wasm.RecordBatch>(
    {
      async pull(controller) {
        try {
          const next: IteratorResult<RecordBatch> =
            first === null ? await source.next() : { value: first, done: false };
          first = null;
          if (next.done === true) controller.close();
          else controller.enqueue(intoWasm(next.value));
        } catch (error) {
          failure = error;
          controller.close();
        }
      },
    },
    { highWaterMark: 0 },
  );
  const properties = new wasm.WriterPropertiesBuilder()
    .setCompression(COMPRESSION[options.parquetCompression ?? 'zstd'])
    .setMaxRowGroupSize(options.rowGroupRows ?? ROW_GROUP_ROWS)
    .setKeyValueMetadata(fileMetadata(recordType))
    .setCreatedBy(`pool-tracker version ${toolVersion()} (parquet-wasm)`)
    .build();
  try {
    const output = (await wasm.transformParquetStream(input, properties)) as ReadableStream<Uint8Array>;
    for await (const chunk of output) {
      if (failure !== undefined) break;
      yield chunk;
    }
  } catch (error) {
    throw failure ?? new PoolTrackerError('INTERNAL', `parquet-wasm: ${messageOf(error)}`, { cause: error });
  } finally {
    await source.return?.();
  }
  if (failure !== undefined) throw failure;
};

function intoWasm(batch: RecordBatch): wasm.RecordBatch {
  const table = wasm.Table.fromIPCStream(tableToIPC(new Table([plainStrings(batch)]), 'stream'));
  const inWasm = table.recordBatch(0);
  table.free();
  if (inWasm === undefined) throw new PoolTrackerError('INTERNAL', 'parquet-wasm: a record batch was lost on its way');
  return inWasm;
}
