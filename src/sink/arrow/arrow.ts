import { RecordBatchFileWriter, RecordBatchStreamWriter, type RecordBatch, type Schema } from 'apache-arrow';
import { arrowSchema, plainSchema, plainStrings } from '../../record/arrow/record-batches.js';
import type { Encode } from '../sink.js';

/**
 * Arrow's own writers put their bytes into an unbounded queue. These hand them over as they are written, so that the
 * encoder can wait for its consumer.
 */
class FileWriter extends RecordBatchFileWriter {
  private written: Uint8Array[] = [];

  protected override _write(chunk: ArrayBufferView): this {
    this._position += keep(chunk, this.written);
    return this;
  }

  takeBytes(): Uint8Array[] {
    return this.written.splice(0);
  }
}

class StreamWriter extends RecordBatchStreamWriter {
  private written: Uint8Array[] = [];

  protected override _write(chunk: ArrayBufferView): this {
    this._position += keep(chunk, this.written);
    return this;
  }

  takeBytes(): Uint8Array[] {
    return this.written.splice(0);
  }
}

function keep(chunk: ArrayBufferView, written: Uint8Array[]): number {
  if (chunk.byteLength > 0) written.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  return chunk.byteLength;
}

async function* encode(
  writer: FileWriter | StreamWriter,
  schema: Schema,
  batches: AsyncIterable<RecordBatch>,
  form: (batch: RecordBatch) => RecordBatch,
): AsyncGenerator<Uint8Array> {
  writer.reset(undefined, schema);
  // A reader of a stream learns the columns before there is a row.
  yield* writer.takeBytes();
  for await (const batch of batches) {
    writer.write(form(batch));
    yield* writer.takeBytes();
  }
  writer.finish();
  yield* writer.takeBytes();
}

/** An Arrow IPC file; its dictionaries grow by deltas, the only change that the format allows. */
export const encodeArrowFile: Encode = (batches, recordType) =>
  encode(new FileWriter(), arrowSchema(recordType), batches, (batch) => batch);

/**
 * An Arrow IPC stream, each batch written as it comes. Its strings are plain: polars refuses dictionaries that grow, and
 * what reads a stream in C often reads none at all.
 */
export const encodeArrowStream: Encode = (batches, recordType) =>
  encode(new StreamWriter(), plainSchema(arrowSchema(recordType)), batches, plainStrings);
