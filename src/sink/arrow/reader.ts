import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { RecordBatchReader, Table, tableToIPC, type RecordBatch } from 'apache-arrow';
import { METADATA_KEY } from '../../record/schema/file-metadata.js';
import { compactDictionaries } from '../compact-dictionaries.js';
import type { DecodedFile } from '../isolated/isolated.js';

/** What ends an IPC stream: a continuation mark and a length of 0. */
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/**
 * Arrow IPC, file or stream, batch by batch. The library ends in silence where a batch is missing, so what the file
 * says of itself is compared with what came out.
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
  const reader: RecordBatchReader = await RecordBatchReader.from((file ?? createReadStream('', { fd: 0 })) as FileHandle);
  await reader.open();
  const schema = reader.schema as typeof reader.schema | null | undefined;
  if (schema === undefined || schema === null) throw new Error('not an Arrow IPC file or stream');
  if (file !== null && !reader.isFile() && schema.metadata.has(METADATA_KEY.toolVersion)) await checkEnd(file);
  return { columns: schema.fields.map((field) => String(field.name)), metadata: schema.metadata, batches: batches(reader, file) };
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
  const expected = reader.isFile() ? reader.footer?.numRecordBatches ?? 0 : 0;
  if (seen < expected) throw new Error(`expected ${expected} record batches, could read ${seen}`);
}

/** pool-tracker ends every stream with the mark, so that one without it has been cut off. */
async function checkEnd(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(END_OF_STREAM.length);
  await file.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  if (!tail.equals(END_OF_STREAM)) throw new Error('the stream has been cut off: its end mark is missing');
}
