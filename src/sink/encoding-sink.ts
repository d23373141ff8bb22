import { PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RecordBatch } from 'apache-arrow';
import { systemErrorCode } from '../errors.js';
import type { RecordType } from '../record/schema/record-type.js';
import { isClosedPipe, outputFailed } from './file/output-error.js';
import type { Encode, EncodeOptions } from './sink.js';

/** Where the bytes go. */
export interface Target {
  /** For messages. */
  readonly name: string;
  readonly stream: Writable;
  /** Whether the stream is ended when the records end. */
  readonly end: boolean;
}

/**
 * A Writable of record batches that encodes them into a Writable of bytes. It takes no batch that the encoder has not
 * asked for, finishes only when the bytes have finished, and closes when the target
 * has closed; destroying one destroys the other.
 */
export class EncodingSink extends Writable {
  private readonly batches = new PassThrough({ objectMode: true, highWaterMark: 1 });
  private readonly encoded: Promise<void>;
  private readonly targetClosed: Promise<void>;

  constructor(encode: Encode, recordType: RecordType, options: EncodeOptions, target: Target) {
    super({ objectMode: true, highWaterMark: 1 });
    const encoded = (source: AsyncIterable<unknown>): AsyncIterable<Uint8Array> => encode(source as AsyncIterable<RecordBatch>, recordType, options);
    this.encoded = pipeline(this.batches, encoded, target.stream, { end: target.end });
    this.targetClosed = target.end ? new Promise((resolve) => target.stream.once('close', resolve)) : Promise.resolve();
    this.encoded.catch((error: Error) => this.destroy(systemErrorCode(error) === null || isClosedPipe(error) ? error : outputFailed(target.name, error)));
  }

  override _write(batch: RecordBatch, _encoding: BufferEncoding, done: () => void): void {
    if (this.batches.write(batch)) done();
    else this.batches.once('drain', done);
  }

  override _final(done: (error?: Error) => void): void {
    this.batches.end();
    this.encoded.then(() => done(), () => undefined);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.batches.destroy(error ?? undefined);
    this.encoded.catch(() => undefined).then(() => this.targetClosed).then(() => done(error), () => done(error));
  }
}
