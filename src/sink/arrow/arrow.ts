import { RecordBatchFileWriter, RecordBatchStreamWriter, type RecordBatch } from 'apache-arrow';
import { arrowSchema } from '../../record/arrow/record-batches.js';
import type { RecordType } from '../../record/schema/record-type.js';
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
  batches: AsyncIterable<RecordBatch>,
  recordType: RecordType,
): AsyncGenerator<Uint8Array> {
  writer.reset(undefined, arrowSchema(recordType));
  for await (const batch of batches) {
    writer.write(batch);
    yield* writer.takeBytes();
  }
  writer.finish();
  yield* writer.takeBytes();
}

/** An Arrow IPC file; its dictionaries grow by deltas. */
export const encodeArrowFile: Encode = (batches, recordType) => encode(new FileWriter(), batches, recordType);

/** An Arrow IPC stream. */
export const encodeArrowStream: Encode = (batches, recordType) => encode(new StreamWriter(), batches, recordType);
