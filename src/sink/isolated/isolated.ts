import { tableFromIPC, type RecordBatch } from 'apache-arrow';
import { damaged, readFailed } from '../read/damaged.js';
import { DecoderProcess } from '../read/decoder-process.js';

/** A file of record batches, opened. */
export interface DecodedFile {
  readonly columns: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Each an Arrow IPC stream of its own. */
  readonly batches: AsyncIterable<Uint8Array>;
}

export type DecodeRequest =
  /** @param path null for standard input */
  | { readonly kind: 'open'; readonly format: 'parquet' | 'arrow'; readonly path: string | null }
  | { readonly kind: 'next' };

export type DecodeReply =
  | { readonly kind: 'opened'; readonly columns: readonly string[]; readonly metadata: ReadonlyMap<string, string> }
  | { readonly kind: 'batch'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly message: string; readonly code: string | null };

export interface IsolatedFile {
  readonly columns: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Closes the file when it is left. */
  readonly batches: AsyncIterable<RecordBatch>;
  /** For when the batches are not to be read at all. */
  close(): void;
}

/**
 * Decodes a Parquet or Arrow file in another process. The libraries take counts and lengths from a file at their word,
 * so that a damaged one can make them panic or fill the memory; that ends the process, and is told as damage.
 *
 * @param path null for standard input
 * @param name of the file, for messages
 */
export async function decodeIsolated(format: 'parquet' | 'arrow', path: string | null, name: string): Promise<IsolatedFile> {
  const decoder = DecoderProcess.acquire(path === null);
  const opened = await ask(decoder, { kind: 'open', format, path }, name).catch((error: unknown) => {
    decoder.release();
    throw error;
  });
  if (opened.kind !== 'opened') throw damaged(name, 'schema', 'it could not be opened');
  return { columns: opened.columns, metadata: opened.metadata, batches: batchesOf(decoder, name), close: () => decoder.release() };
}

async function* batchesOf(decoder: DecoderProcess, name: string): AsyncGenerator<RecordBatch> {
  try {
    for (;;) {
      const reply = await ask(decoder, { kind: 'next' }, name);
      if (reply.kind !== 'batch') return;
      yield* tableFromIPC(reply.bytes).batches;
    }
  } finally {
    decoder.release();
  }
}

async function ask(decoder: DecoderProcess, request: DecodeRequest, name: string): Promise<DecodeReply> {
  const reply = await decoder.ask(request).catch((error: unknown) => { throw readFailed(name, 'content', error); });
  if (reply.kind === 'failed') throw readFailed(name, 'content', Object.assign(new Error(reply.message), { code: reply.code }));
  return reply;
}
