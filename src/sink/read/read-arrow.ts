import { open, type FileHandle } from 'node:fs/promises';
import { RecordBatchReader, type RecordBatch } from 'apache-arrow';
import { METADATA_KEY } from '../../record/file-metadata.js';
import { damaged, readFailed } from './damaged.js';
import { detectRecordType } from './detect-record-type.js';
import type { ReadRecords, RecordInput } from './record-reader.js';
import { rowsOfFile } from './rows-of-batches.js';

/** What ends an IPC stream: a continuation mark and a length of 0. */
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * Arrow IPC, file or stream, batch by batch. The library ends in silence where a batch is missing, so what the file
 * says of itself is compared with what came out.
 */
export const readArrow: ReadRecords = async (input) => {
  const file = input.path === null ? null : await open(input.path).catch((error: unknown) => { throw readFailed(input.name, 'file', error); });
  try {
    const reader: RecordBatchReader = await RecordBatchReader.from((file ?? input.open()) as FileHandle);
    await reader.open();
    const { schema } = reader;
    if (schema === undefined || schema === null) throw damaged(input.name, 'schema', 'not an Arrow IPC file or stream');
    const recordType = detectRecordType(schema.fields.map((field) => String(field.name)), input.name, schema.metadata);
    if (file !== null && reader.isStream() && !reader.isFile() && schema.metadata.has(METADATA_KEY.toolVersion)) await checkEnd(file, input);
    return { recordType, rows: rowsOfFile(batches(reader, file, input), recordType, input.name) };
  } catch (error) {
    await file?.close().catch(() => undefined);
    throw readFailed(input.name, 'schema', error);
  }
};

async function* batches(reader: RecordBatchReader, file: FileHandle | null, input: RecordInput): AsyncGenerator<RecordBatch> {
  let seen = 0;
  try {
    for await (const batch of reader) {
      seen++;
      yield batch;
    }
    const expected = reader.isFile() ? reader.footer?.numRecordBatches ?? 0 : 0;
    if (seen < expected) throw damaged(input.name, `batch ${seen + 1}`, `expected ${expected} record batches, could read ${seen}`);
  } finally {
    await file?.close().catch(() => undefined);
  }
}

/** pool-tracker ends every stream with the mark, so that one without it has been cut off. */
async function checkEnd(file: FileHandle, input: RecordInput): Promise<void> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(END_OF_STREAM.length);
  await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  if (!tail.equals(END_OF_STREAM)) throw damaged(input.name, 'end', 'the stream has been cut off: its end mark is missing');
}
