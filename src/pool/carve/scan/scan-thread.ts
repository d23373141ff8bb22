import { Worker } from 'node:worker_threads';
import { messageOf, PoolTrackerError } from '../../../errors.js';
import { SIGNS_SIZE } from './wasm-scanner.js';
import type { WasmMemory, WasmModule } from './wasm-scanner.js';

/** Start parameters of a thread. */
export interface ThreadStart {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Which part of the space for signs it uses: 1 to 15; 0 is the main thread's. */
  readonly thread: number;
}

/** Pages to examine, by their location in the shared memory. */
export interface ThreadJob {
  readonly offset: number;
  /** Number of pages; at most as many as there is space for signs. */
  readonly pages: number;
}

interface Waiting {
  readonly resolve: (signs: Uint16Array) => void;
  readonly reject: (error: PoolTrackerError) => void;
}

/** The thread's program; a string, so that it works from the sources, the package and a bundle. */
const PROGRAM = `
  const { parentPort, workerData: { module, memory, target } } = require('node:worker_threads');
  const { scan } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  parentPort.on('message', ({ offset, pages }) => {
    scan(offset, pages, target);
    parentPort.postMessage(new Uint16Array(memory.buffer, target, pages).slice());
  });
`;

/** A thread that examines pages in the shared memory, in the order of the jobs. */
export class ScanThread {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];

  constructor({ module, memory, thread }: ThreadStart) {
    this.worker = new Worker(PROGRAM, {
      eval: true,
      execArgv: [],
      workerData: { module, memory, target: thread * SIGNS_SIZE },
    });
    this.worker.on('message', (signs: Uint16Array) => this.waiting.shift()?.resolve(signs));
    this.worker.on('error', (error) => this.fail(messageOf(error)));
    this.worker.on('exit', (status) => this.fail(`it ended with status ${status}`));
  }

  /** Number of submitted stretches without an answer yet. */
  get pending(): number {
    return this.waiting.length;
  }

  scan(job: ThreadJob): Promise<Uint16Array> {
    this.worker.postMessage(job);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.waiting.length = 0;
    await this.worker.terminate();
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.splice(0))
      reject(new PoolTrackerError('INTERNAL', `a scanning thread failed: ${why}`));
  }
}
