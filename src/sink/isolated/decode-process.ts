/**
 * The process that `isolated.ts` starts. It opens files of record batches and sends their batches one by one on
 * request: one file at a time, and one reply to each request.
 */
import { messageOf, systemErrorCode } from '../../errors.js';
import type { DecodedFile } from '../read/record-reader.js';
import type { DecodeReply, DecodeRequest } from './isolated.js';

let batches: AsyncIterator<Uint8Array> | null = null;

async function decode(format: 'parquet' | 'arrow', path: string | null): Promise<DecodedFile> {
  return format === 'parquet'
    ? (await import('../parquet/reader.js')).decodeParquet(path!)
    : (await import('../arrow/reader.js')).decodeArrow(path);
}

async function answer(request: DecodeRequest): Promise<DecodeReply> {
  if (request.kind === 'open') {
    await batches?.return?.();
    const file = await decode(request.format, request.path);
    batches = file.batches[Symbol.asyncIterator]();
    return { kind: 'opened', columns: file.columns, metadata: file.metadata };
  }
  const { done, value } = await batches!.next();
  return done === true ? { kind: 'end' } : { kind: 'batch', bytes: value };
}

process.on('message', (request: DecodeRequest) => {
  void answer(request)
    .catch((error: unknown): DecodeReply => ({
      kind: 'failed',
      message: messageOf(error),
      code: systemErrorCode(error),
    }))
    .then((reply) => process.send!(reply));
});
