import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DecodeReply, DecodeRequest } from '../isolated/isolated.js';

/** With the ending of this file: .js when built, .ts when run from source. */
const PROCESS = fileURLToPath(new URL(`../isolated/decode-process${extname(import.meta.url)}`, import.meta.url));

/** More than any batch of records needs. */
const HEAP_LIMIT_MB = 256;

/** Processes that have nothing to do; one at most. */
const idle = new Set<DecoderProcess>();

/** A process that decodes one file after another. One that is idle is kept for the next, and keeps nobody from ending. */
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
    // Told by the request that it fails.
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
      const exited = (): void => failed(new Error('its decoder gave up'));
      this.child.on('message', answered).on('error', failed).on('exit', exited);
      if (this.alive) this.child.send(request);
      else exited();
    });
  }

  /** Gives the process back. What it had open, it closes when it opens the next file. */
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
