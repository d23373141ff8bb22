import {
  type Data,
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  type Vector,
} from 'apache-arrow';
import * as wasm from 'parquet-wasm';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { readUtf8Bytes, RecordBatchBuilder } from '../../record/arrow/record-batches.js';
import { fileMetadata, toolVersion } from '../../record/schema/file-metadata.js';
import type { Encode, ParquetCompression } from '../sink.js';

/** Rows of a row group unless told otherwise: what DuckDB's own writer takes, and reads one thread each. */
const ROW_GROUP_ROWS = 122_880;

/**
 * The same batch with plain strings in place of indices into dictionaries. Parquet makes dictionaries of its own; an
 * Arrow dictionary type in a file's metadata only causes trouble for readers: pandas cannot unify the dictionaries of
 * several row groups when one of them is empty, and pyarrow's hive partitions clash with it.
 */
export function plainStrings(batch: RecordBatch): RecordBatch {
  const { fields, metadata } = batch.schema;
  const plain = fields.map((field, index) =>
    batch.data.children[index]!.dictionary === undefined
      ? field
      : new Field(field.name, new Utf8(), field.nullable, field.metadata),
  );
  const children = plain.map((_, index) => {
    const column = batch.data.children[index]!;
    return column.dictionary === undefined ? column : written(column, column.dictionary as Vector<Utf8>);
  });
  return new RecordBatch(
    new Schema(plain, metadata),
    makeData({ type: new Struct(plain), length: batch.numRows, nullCount: 0, children }),
  );
}

function written(column: Data, dictionary: Vector<Utf8>): Data<Utf8> {
  const indices = column.values as Int32Array;
  const offsets = new Int32Array(column.length + 1);
  const bytes = readUtf8Bytes(dictionary);
  const texts = new Map<number, Uint8Array>();
  const parts: Uint8Array[] = [];
  let end = 0;
  for (let row = 0; row < column.length; row++) {
    if (column.nullCount === 0 || column.getValid(row)) {
      const index = indices[row]!;
      let text = texts.get(index);
      if (text === undefined) {
        text = bytes(index)!;
        texts.set(index, text);
      }
      parts.push(text);
      end += text.length;
    }
    offsets[row + 1] = end;
  }
  return makeData({
    type: new Utf8(),
    length: column.length,
    nullCount: column.nullCount,
    nullBitmap: column.nullBitmap,
    valueOffsets: offsets,
    data: Buffer.concat(parts, end),
  });
}

const COMPRESSION: Readonly<Record<ParquetCompression, wasm.Compression>> = {
  zstd: wasm.Compression.ZSTD,
  gzip: wasm.Compression.GZIP,
  snappy: wasm.Compression.SNAPPY,
  none: wasm.Compression.UNCOMPRESSED,
};

/**
 * Parquet by parquet-wasm, which is arrow-rs: ZSTD, dictionaries, exact at every width. The batches go in as Arrow IPC
 * and the bytes come out one row group at a time; the row group being filled is held in memory.
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
