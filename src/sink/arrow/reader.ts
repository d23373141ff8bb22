import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type Data,
  type Dictionary,
  type Int32,
  makeData,
  RecordBatch,
  RecordBatchReader,
  Struct,
  Table,
  tableToIPC,
  Type,
  type Utf8,
  Vector,
} from 'apache-arrow';
import { readUtf8Bytes, utf8DataOfBytes } from '../../record/arrow/record-batches.js';
import { METADATA_KEY } from '../../record/schema/file-metadata.js';
import type { DecodedFile } from '../read/record-reader.js';

/**
 * The same batch with each dictionary cut down to the values that its rows use, in one chunk. For consumers that take
 * each batch by itself: otherwise the whole dictionary of a long stream would go along with every batch, in many
 * chunks.
 */
export function compactDictionaries(batch: RecordBatch): RecordBatch {
  const { fields } = batch.schema;
  const children = fields.map((field, index) => {
    const column = batch.data.children[index]!;
    return column.dictionary === undefined ? column : compact(field.type as Dictionary<Utf8, Int32>, column);
  });
  return new RecordBatch(
    batch.schema,
    makeData({ type: new Struct(fields), length: batch.numRows, nullCount: 0, children }),
  );
}

function compact(type: Dictionary<Utf8, Int32>, column: Data): Data {
  const dictionary = column.dictionary as Vector<Utf8>;
  const isCompact = dictionary.data.length === 1 && dictionary.length <= column.length;
  // A dictionary of anything but strings is rejected when the column is read.
  if (isCompact || (dictionary.type.typeId as Type) !== Type.Utf8) return column;
  const before = column.values as Int32Array;
  const indices = new Int32Array(column.length);
  const moved = new Map<number, number>();
  const values: Uint8Array[] = [];
  const bytes = readUtf8Bytes(dictionary);
  for (let row = 0; row < column.length; row++) {
    if (column.nullCount > 0 && !column.getValid(row)) continue;
    let index = moved.get(before[row]!);
    if (index === undefined) {
      index = moved.size;
      moved.set(before[row]!, index);
      values.push(bytes(before[row]!)!);
    }
    indices[row] = index;
  }
  return makeData({
    type,
    length: column.length,
    nullCount: column.nullCount,
    nullBitmap: column.nullBitmap,
    data: indices,
    dictionary: new Vector([utf8DataOfBytes(type.dictionary, values)]),
  });
}

/** What ends an IPC stream: a continuation mark and a length of 0. */
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * Arrow IPC, file or stream, batch by batch. The library ends silently where a batch is missing, so the number of
 * batches in the footer is compared with the number read.
 *
 * @param path null for standard input
 */
export async function decodeArrow(path: string | null): Promise<DecodedFile> {
  const file = path === null ? null : await open(path);
  try {
    return await openReader(file);
  } catch (error) {
    await file?.close();
    throw error;
  }
}

async function openReader(file: FileHandle | null): Promise<DecodedFile> {
  const reader: RecordBatchReader = await RecordBatchReader.from(
    (file ?? createReadStream('', { fd: 0 })) as FileHandle,
  );
  await reader.open();
  const schema = reader.schema as typeof reader.schema | null | undefined;
  if (schema === undefined || schema === null) throw new Error('not an Arrow IPC file or stream');
  if (file !== null && !reader.isFile() && schema.metadata.has(METADATA_KEY.toolVersion)) await checkEnd(file);
  return {
    columns: schema.fields.map((field) => String(field.name)),
    metadata: schema.metadata,
    batches: batches(reader, file),
  };
}

async function* batches(reader: RecordBatchReader, file: FileHandle | null): AsyncGenerator<Uint8Array> {
  let seen = 0;
  try {
    for await (const batch of reader as AsyncIterable<RecordBatch>) {
      seen++;
      yield tableToIPC(new Table([compactDictionaries(batch)]), 'stream');
    }
  } finally {
    await file?.close().catch(() => undefined);
  }
  const expected = reader.isFile() ? (reader.footer?.numRecordBatches ?? 0) : 0;
  if (seen < expected) throw new Error(`expected ${expected} record batches, could read ${seen}`);
}

/** pool-tracker ends every stream with the mark, so one of its streams without the mark has been cut off. */
async function checkEnd(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(END_OF_STREAM.length);
  await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  if (!tail.equals(END_OF_STREAM)) throw new Error('the stream has been cut off: its end mark is missing');
}
