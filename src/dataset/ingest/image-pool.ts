import { Worker } from 'node:worker_threads';
import { SYSTEM_CLOCK, type Clock } from '../../clock.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { loadedModules } from '../../plugin/load-plugins.js';
import { locationName } from '../../source/source.js';
import type { ImageOutcome, ImageTask, WorkerAnswer, WorkerStart } from './image-task.js';

/** Heap of one worker thread; only the image that needs more fails. */
const WORKER_HEAP_MIB = 1024;
/** Of that, what is new: a third of V8's own limit takes no more time, and 25 MiB less in each thread. */
const WORKER_NEW_MIB = 12;

const TERMINATE_MS = 5000;

/** Worker threads that scan one image each. A thread that crashes or takes too long is abandoned and replaced. */
export class ImagePool {
  private readonly idle: Worker[] = [];
  private readonly all = new Set<Worker>();
  private closed = false;

  /**
   * @param timeoutMs after which an image is given up
   * @param entry the module that a thread runs
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly entry: URL = new URL('./image-worker.js', import.meta.url),
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {}

  /**
   * Scans one image in a thread that does nothing else meanwhile; the caller limits how many run at a time.
   * @throws PoolTrackerError IMAGE_TIMED_OUT, IMAGE_CRASHED, and what `processImage` throws
   */
  async run(task: ImageTask): Promise<ImageOutcome> {
    if (this.closed)
      throw new PoolTrackerError('INTERNAL', `${locationName(task.location)}: the worker threads have been ended`);
    const worker = this.idle.pop() ?? this.start();
    const answer = await this.answer(worker, task).catch(async (error: unknown) => {
      await this.giveUp(worker);
      throw error;
    });
    this.idle.push(worker);
    if ('outcome' in answer) return answer.outcome;
    throw new PoolTrackerError(answer.failure.code, answer.failure.message);
  }

  private start(): Worker {
    const worker = new Worker(this.entry, {
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB, maxYoungGenerationSizeMb: WORKER_NEW_MIB },
      workerData: { plugins: loadedModules() } satisfies WorkerStart,
    });
    this.all.add(worker);
    worker.once('exit', () => this.all.delete(worker));
    return worker;
  }

  private answer(worker: Worker, task: ImageTask): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      const crashed = (how: string): PoolTrackerError =>
        new PoolTrackerError('IMAGE_CRASHED', `${locationName(task.location)}: its worker thread ${how}`);
      const onError = (error: unknown): void => settle(() => reject(crashed(`crashed: ${messageOf(error)}`)));
      const onExit = (status: number): void => settle(() => reject(crashed(`ended with ${status}`)));
      const onMessage = (answer: WorkerAnswer): void => settle(() => resolve(answer));
      const alarm = this.clock.alarm(this.timeoutMs, () =>
        settle(() =>
          reject(
            new PoolTrackerError(
              'IMAGE_TIMED_OUT',
              `${locationName(task.location)}: not done after ${this.timeoutMs / 1000} seconds`,
              { hint: '--timeout gives it more' },
            ),
          ),
        ),
      );
      const settle = (how: () => void): void => {
        alarm.cancel();
        worker.off('error', onError).off('exit', onExit).off('message', onMessage);
        how();
      };
      worker.on('error', onError).on('exit', onExit).on('message', onMessage);
      worker.postMessage(task);
    });
  }

  /** A thread inside a system call that does not return, as on a dead network mount, cannot be ended; it is left behind. */
  private async giveUp(worker: Worker): Promise<void> {
    await new Promise<void>((resolve) => {
      const alarm = this.clock.alarm(TERMINATE_MS, resolve);
      void worker.terminate().finally(() => {
        alarm.cancel();
        resolve();
      });
    });
  }

  /**
   * Ends every thread at once, whatever it is doing.
   * @returns how many could not be ended; while there are any, the process cannot end by itself
   */
  async close(): Promise<number> {
    this.closed = true;
    await Promise.all([...this.all].map((worker) => this.giveUp(worker)));
    return this.all.size;
  }
}
