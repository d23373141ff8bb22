import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RecordBatch, tableFromIPC } from 'apache-arrow';
import { damaged, readFailed } from '../read/record-reader.js';

/** With the ending of this file: .js when built, .ts when run from source. */
const PROCESS = fileURLToPath(new URL(`./decode-process${extname(import.meta.url)}`, import.meta.url));

/** More than any batch of records needs. */
const HEAP_LIMIT_MB = 256;

/** Idle processes; at most one. */
const idle = new Set<DecoderProcess>();

/**
 * A process that decodes one file after another. An idle one is kept for the next file and does not keep this process
 * alive.
 */
export class DecoderProcess {
  private readonly child: ChildProcess;
  private alive = true;

  private constructor(private readonly readsInput: boolean) {
    this.child = fork(PROCESS, [], {
      execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_LIMIT_MB}`],
      serialization: 'advanced',
      stdio: [readsInput ? 'inherit' : 'ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.child.on('exit', () => {
      this.alive = false;
      idle.delete(this);
    });
    // The request that fails because of it reports it.
    this.child.on('error', () => undefined);
  }

  /** @param readsInput whether it is to read standard input, which only one process can */
  static acquire(readsInput: boolean): DecoderProcess {
    const [decoder] = idle;
    if (decoder === undefined || readsInput) return new DecoderProcess(readsInput);
    idle.delete(decoder);
    decoder.child.ref();
    decoder.child.channel?.ref();
    return decoder;
  }

  /** @throws Error when the process ends instead of answering */
  ask(request: DecodeRequest): Promise<DecodeReply> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.child.off('message', answered).off('error', failed).off('exit', exited);
      };
      const answered = (reply: DecodeReply): void => {
        stop();
        resolve(reply);
      };
      const failed = (error: Error): void => {
        stop();
        reject(error);
      };
      const exited = (): void => failed(new Error('its decoder ended without an answer'));
      this.child.on('message', answered).on('error', failed).on('exit', exited);
      if (this.alive) this.child.send(request);
      else exited();
    });
  }

  /** Releases the process. It closes its file when it opens the next one. */
  release(): void {
    if (!this.alive) return;
    if (idle.size > 0 || this.readsInput) {
      this.child.kill('SIGKILL');
      return;
    }
    idle.add(this);
    this.child.unref();
    this.child.channel?.unref();
  }
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
  /** Leaving the iteration closes the file. */
  readonly batches: AsyncIterable<RecordBatch>;
  /** For a file whose batches are not going to be read. */
  close(): void;
}

/**
 * Decodes a Parquet or Arrow file in another process. The libraries trust the counts and lengths in a file, so a
 * damaged one can make them panic or fill memory. That ends only the other process, and is reported as damage.
 *
 * @param path null for standard input
 * @param name of the file, for messages
 */
export async function decodeIsolated(
  format: 'parquet' | 'arrow',
  path: string | null,
  name: string,
): Promise<IsolatedFile> {
  const decoder = DecoderProcess.acquire(path === null);
  const opened = await ask(decoder, { kind: 'open', format, path }, name).catch((error: unknown) => {
    decoder.release();
    throw error;
  });
  if (opened.kind !== 'opened') throw damaged(name, 'schema', 'it could not be opened');
  return {
    columns: opened.columns,
    metadata: opened.metadata,
    batches: batchesOf(decoder, name),
    close: () => decoder.release(),
  };
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
  const reply = await decoder.ask(request).catch((error: unknown) => {
    throw readFailed(name, 'content', error);
  });
  if (reply.kind === 'failed')
    throw readFailed(name, 'content', Object.assign(new Error(reply.message), { code: reply.code }));
  return reply;
}
