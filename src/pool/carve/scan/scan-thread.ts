import { Worker } from 'node:worker_threads';
import { messageOf, PoolTrackerError } from '../../../errors.js';
import { FILL_IN_TURN, type PipeTurn } from '../../../source/reading/pipe-turns.js';
import { SIGNS_SIZE } from './wasm-scanner.js';
import type { WasmMemory, WasmModule } from './wasm-scanner.js';

/** Start parameters of a thread. */
export interface ThreadStart {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Which part of the space for signs it uses: 1 to 15; 0 is the main thread's. */
  readonly thread: number;
}

/** A stretch of the shared memory. */
export interface ThreadJob {
  /** A multiple of 4. */
  readonly offset: number;
  /** Bytes; whole pages are examined, at most as many as there is space for signs. */
  readonly length: number;
  /** Fills it first, in that turn at a pipe. */
  readonly turn?: PipeTurn;
  /** Whether to look at what was read before the turn is over: nobody waits for it, and the writer goes on meanwhile. */
  readonly isSoleReader?: boolean;
}

/** What a thread found in a stretch. */
export interface Examined {
  /** Bytes that it holds: fewer than its length only at the end of a pipe. */
  readonly filled: number;
  readonly signs: Uint16Array;
}

interface Waiting {
  readonly resolve: (found: Examined) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread answers. */
type Answer = Examined | { readonly error: unknown };

/** The thread's program; a string, so that it works from the sources, the package and a bundle. */
const PROGRAM = `
  const { parentPort, workerData: { module, memory, target } } = require('node:worker_threads');
  const { scan } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  ${FILL_IN_TURN}
  function examine({ offset, length, turn, isSoleReader }) {
    let pages = 0;
    function look(filled) {
      const more = (filled >>> 12) - pages;
      scan(offset + (pages << 12), more, target + 2 * pages);
      pages += more;
    }
    let filled = length;
    if (turn !== undefined)
      filled = fillInTurn(turn, new Uint8Array(memory.buffer, offset, length), isSoleReader ? look : () => {});
    look(filled);
    return { filled, signs: new Uint16Array(memory.buffer, target, pages).slice() };
  }
  parentPort.on('message', (job) => {
    let answer;
    try {
      answer = examine(job);
    } catch (error) {
      answer = { error };
    }
    parentPort.postMessage(answer);
  });
`;

/** A thread that examines pages in the shared memory, in the order of the jobs; and fills it with them, if it is to. */
export class ScanThread {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];

  constructor({ module, memory, thread }: ThreadStart) {
    this.worker = new Worker(PROGRAM, {
      eval: true,
      execArgv: [],
      workerData: { module, memory, target: thread * SIGNS_SIZE },
    });
    this.worker.on('message', (answer: Answer) => this.answered(answer));
    this.worker.on('error', (error) => this.fail(messageOf(error)));
    this.worker.on('exit', (status) => this.fail(`it ended with status ${status}`));
  }

  /** Number of submitted stretches without an answer yet. */
  get pending(): number {
    return this.waiting.length;
  }

  /** @throws what reading the pipe failed with; PoolTrackerError INTERNAL */
  examine(job: ThreadJob): Promise<Examined> {
    this.worker.postMessage(job);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.waiting.length = 0;
    await this.worker.terminate();
  }

  private answered(answer: Answer): void {
    const waiting = this.waiting.shift();
    if ('error' in answer) waiting?.reject(answer.error);
    else waiting?.resolve(answer);
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.splice(0))
      reject(new PoolTrackerError('INTERNAL', `a scanning thread failed: ${why}`));
  }
}
