import { PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordBatch } from 'apache-arrow';
import type { RecordType } from '../record/record-type.js';
import type { Encode, EncodeOptions } from './sink.js';

/**
 * A Writable of record batches that encodes them into a Writable of bytes. It takes no batch that the encoder has not
 * asked for, and finishes only when the bytes have finished; destroying one destroys the other.
 */
export class EncodingSink extends Writable {
  private readonly batches = new PassThrough({ objectMode: true, highWaterMark: 1 });
  private readonly encoded: Promise<void>;

  /** @param end whether the target is ended when the records end */
  constructor(encode: Encode, recordType: RecordType, options: EncodeOptions, target: Writable, end: boolean) {
    super({ objectMode: true, highWaterMark: 1 });
    this.encoded = pipeline(this.batches, (source) => encode(source as AsyncIterable<RecordBatch>, recordType, options), target, { end });
    this.encoded.catch((error: Error) => this.destroy(error));
  }

  override _write(batch: RecordBatch, _encoding: BufferEncoding, done: () => void): void {
    if (this.batches.write(batch)) done();
    else this.batches.once('drain', done);
  }

  override _final(done: (error?: Error) => void): void {
    this.batches.end();
    this.encoded.then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.batches.destroy(error ?? undefined);
    this.encoded.then(() => done(error), () => done(error));
  }
}
