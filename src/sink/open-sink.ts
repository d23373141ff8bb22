import type { Writable } from 'node:stream';
import { EncodingSink } from './encoding-sink.js';
import type { Output } from './parse-output.js';
import type { EncodeOptions } from './sink.js';
import { openTarget } from './target.js';

export interface SinkOptions extends EncodeOptions {
  /** Replace a file that exists. */
  readonly force?: boolean;
}

/**
 * Opens an output as a Writable of Arrow record batches; all batches are of the given record type.
 *
 * A path becomes a file that appears whole or not at all. A stream (standard output, a socket) is written to as the
 * records come and left open at the end; when its reader goes away the sink fails with the system's EPIPE
 * (see `isClosedPipe`).
 *
 * @throws PoolTrackerError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function openSink(output: Output, options: SinkOptions = {}): Promise<Writable> {
  const encode = await output.format.load();
  const target = typeof output.target === 'string'
    ? { name: output.target, stream: await openTarget(output.target, options.force ?? false), end: true }
    : { name: 'standard output', stream: output.target, end: false };
  return new EncodingSink(encode, output.recordType, options, target);
}
