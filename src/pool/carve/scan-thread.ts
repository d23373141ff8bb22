import { Worker } from 'node:worker_threads';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { WorkerJob, WorkerStart } from './scan-worker.js';

/** From TypeScript the tests run the sources as they are. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js', import.meta.url);

interface Waiting {
  readonly resolve: (signs: Uint16Array) => void;
  readonly reject: (error: PoolTrackerError) => void;
}

/** Another thread that looks at pages in the memory that all share, in the order in which it is asked. */
export class ScanThread {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];

  constructor(start: WorkerStart) {
    this.worker = new Worker(WORKER, { workerData: start });
    this.worker.on('message', (signs: Uint16Array) => this.waiting.shift()?.resolve(signs));
    this.worker.on('error', (error) => this.fail(messageOf(error)));
    this.worker.on('exit', (status) => this.fail(`it ended with status ${status}`));
  }

  /** Stretches asked for and not yet answered. */
  get pending(): number {
    return this.waiting.length;
  }

  scan(job: WorkerJob): Promise<Uint16Array> {
    this.worker.postMessage(job);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.waiting.length = 0;
    await this.worker.terminate();
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.splice(0)) reject(new PoolTrackerError('INTERNAL', `a scanning thread failed: ${why}`));
  }
}
