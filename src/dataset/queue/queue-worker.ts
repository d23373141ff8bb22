import type { Job, Worker } from 'bullmq';
import { messageOf } from '../../errors.js';
import { locationName } from '../../source/source.js';
import { imageEvent, type ImageEvent, ImagePool, Ingest, mayPass } from '../ingest/ingest.js';
import { versionOf } from '../images/image-version.js';
import { checkJob, MAX_TIMEOUT_MS, type WorkerLimits } from './job-check.js';
import { loadBullMq, type BullMq, type ImageJob, type QueueAddress } from './work-queue.js';

export interface QueueWorkerOptions {
  /** How many images are scanned at the same time. */
  readonly jobs: number;
  /** Milliseconds after which a job goes to another worker when its own gives no sign of life. */
  readonly stalledMs: number;
  /** How often a job may stall before its image is considered to be the cause. */
  readonly stalls: number;
  /** What jobs may touch. */
  readonly limits: WorkerLimits;
}

interface OpenDataset {
  readonly ingest: Promise<Ingest>;
  /** Jobs that are at work with it. */
  users: number;
}

/** Datasets, and pools of threads, that are kept open at the same time. */
const MAX_OPEN = 8;

/** Minutes of counts that Redis keeps for `status`. */
const COUNTED_MINUTES = 24 * 60;

export interface QueueListener {
  image(event: ImageEvent): void;
  note(line: string): void;
}

/** Takes images from a queue and scans each into the dataset that its job names. */
export class QueueWorker {
  private readonly pools = new Map<number, ImagePool>();
  private readonly datasets = new Map<string, OpenDataset>();
  private closing: Promise<void> | null = null;

  private constructor(
    private readonly bull: BullMq,
    private readonly listener: QueueListener,
    private readonly limits: WorkerLimits,
  ) {}

  /** @throws PoolTrackerError DEPENDENCY_MISSING */
  static async start(
    address: QueueAddress,
    options: QueueWorkerOptions,
    listener: QueueListener,
  ): Promise<QueueWorker> {
    const self = new QueueWorker(loadBullMq(), listener, options.limits);
    self.worker = new self.bull.Worker<ImageJob, ImageEvent>(address.name, (job) => self.process(job), {
      // Without limit: Redis may be restarted.
      connection: { ...address.redis, maxRetriesPerRequest: null },
      concurrency: options.jobs,
      lockDuration: options.stalledMs,
      stalledInterval: options.stalledMs,
      maxStalledCount: options.stalls,
      metrics: { maxDataPoints: COUNTED_MINUTES },
    });
    let told = '';
    self.worker.on('error', (error) => {
      const line = `queue ${address.shown}: ${messageOf(error) || 'no connection'}`;
      if (line !== told) listener.note(line);
      told = line;
    });
    self.worker.on('failed', (job, error) => {
      void self.failed(job, error).catch((fault: unknown) => listener.note(messageOf(fault)));
    });
    return self;
  }

  private worker: Worker<ImageJob, ImageEvent> | null = null;

  /** Works with the dataset of a job; those that nobody works with are closed when there are many. */
  private async withDataset<T>(job: ImageJob, work: (ingest: Ingest) => Promise<T>): Promise<T> {
    const key = JSON.stringify(job.ingest);
    const open = this.datasets.get(key) ?? { ingest: Ingest.open(job.ingest), users: 0 };
    this.datasets.set(key, open);
    open.ingest.catch(() => this.datasets.delete(key));
    open.users++;
    try {
      return await work(await open.ingest);
    } finally {
      open.users--;
      if (this.datasets.size > MAX_OPEN) await this.closeIdle();
    }
  }

  private async closeIdle(): Promise<void> {
    for (const [key, { ingest, users }] of [...this.datasets]) {
      if (users > 0) continue;
      this.datasets.delete(key);
      await ingest.then((open) => open.close()).catch(() => undefined);
    }
  }

  /** Jobs cannot ask for any number of pools: where there are many, the next longer time is given. */
  private pool({ timeoutMs }: ImageJob): ImagePool {
    let time = timeoutMs;
    if (!this.pools.has(time) && this.pools.size >= MAX_OPEN)
      time = Math.min(MAX_TIMEOUT_MS, ...[...this.pools.keys()].filter((one) => one >= timeoutMs));
    const pool = this.pools.get(time) ?? new ImagePool(time);
    this.pools.set(time, pool);
    return pool;
  }

  /**
   * A fault that may be temporary is tried again; a fault of the image itself is recorded and the job fails for good.
   */
  private async process(job: Job<ImageJob, ImageEvent>): Promise<ImageEvent> {
    const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const data = await checkJob(job.data, this.limits).catch((error: unknown) => {
      const line = messageOf(error);
      this.listener.note(`job ${job.id ?? '?'}: ${line}`);
      throw new this.bull.UnrecoverableError(line);
    });
    const { image, labels } = data;
    const version = await versionOf(image);
    const event = await this.withDataset(data, (ingest) =>
      ingest.ingest(this.pool(data), image, version, labels, {
        keepFailure: (failed) => isLast || !mayPass(failed),
      }),
    );
    this.listener.image(event);
    if (event.status !== 'failed') return event;
    if (mayPass(event) && !isLast) throw new Error(event.message ?? 'failed');
    throw new this.bull.UnrecoverableError(event.message ?? 'failed');
  }

  /** A job that stalled too often has ended every worker that took it; the worker that notices records it. */
  private async failed(job: Job<ImageJob, ImageEvent> | undefined, error: Error): Promise<void> {
    if (job === undefined || !error.message.includes('stalled')) return;
    const data = await checkJob(job.data, this.limits);
    const { image, labels } = data;
    const message = `${locationName(image.location)}: every worker that took it ended without a word (${error.message})`;
    const failure = { code: 'IMAGE_CRASHED', message } as const;
    const version = await versionOf(image);
    await this.withDataset(data, (ingest) => ingest.ingest(this.pool(data), image, version, labels, { failure }));
    this.listener.image(imageEvent(image.location, 'failed', { error_code: failure.code, message }));
  }

  /** Takes no more jobs, and resolves when the jobs in flight are finished. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      await this.worker?.close();
      for (const pool of this.pools.values()) await pool.close();
      for (const { ingest } of this.datasets.values()) await (await ingest).close();
    })();
    return this.closing;
  }
}
