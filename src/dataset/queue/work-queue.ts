import type { Queue, RedisOptions } from 'bullmq';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { requirePackage } from '../../required-package.js';
import { decodedCredential } from '../../source/source.js';
import type { ListedImage } from '../images/images.js';
import type { Labels } from '../../scan/scan-result.js';
import type { IngestOptions } from '../ingest/ingest.js';

export type BullMq = typeof import('bullmq');

/** One image to be scanned by whichever worker takes it. */
export interface ImageJob {
  readonly image: ListedImage;
  readonly labels: Labels;
  readonly ingest: IngestOptions;
  readonly timeoutMs: number;
}

/** A queue's address: `redis://[user:password@]host[:port][/db][?name=NAME]`, `rediss://` over TLS. */
export interface QueueAddress {
  readonly name: string;
  /** For messages: without user and password. */
  readonly shown: string;
  readonly redis: RedisOptions;
}

/** @throws PoolTrackerError USAGE */
export function parseQueue(text: string): QueueAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new PoolTrackerError('USAGE', '--queue: expected redis://HOST:PORT', { hint: 'try redis://localhost:6379' });
  }
  const db = url.pathname.slice(1);
  if ((url.protocol !== 'redis:' && url.protocol !== 'rediss:') || !/^\d*$/.test(db)) {
    throw new PoolTrackerError(
      'USAGE',
      `--queue: expected redis://HOST:PORT/DB, found ${url.protocol}//${url.host}${url.pathname}`,
      { hint: 'rediss:// is Redis over TLS; DB is a number' },
    );
  }
  return {
    name: url.searchParams.get('name') ?? 'pool-tracker',
    shown: `${url.protocol}//${url.host}${url.pathname}`,
    redis: {
      host: url.hostname,
      port: Number(url.port || 6379),
      db: Number(db || 0),
      ...(url.username === '' ? {} : { username: decodedCredential(url.username) }),
      ...(url.password === '' ? {} : { password: decodedCredential(url.password) }),
      ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    },
  };
}

/** @throws PoolTrackerError DEPENDENCY_MISSING */
export function loadBullMq(): BullMq {
  try {
    requirePackage('ioredis');
    return requirePackage('bullmq') as BullMq;
  } catch (error) {
    throw new PoolTrackerError(
      'DEPENDENCY_MISSING',
      `--queue needs the packages bullmq and ioredis: ${messageOf(error)}`,
      { cause: error, hint: 'npm install bullmq ioredis' },
    );
  }
}

export function queueFailed(address: QueueAddress, error: unknown): PoolTrackerError {
  return new PoolTrackerError('QUEUE_FAILED', `queue ${address.shown}: ${messageOf(error) || 'no connection'}`, {
    cause: error,
    hint: 'is Redis running there?',
  });
}

/**
 * Opens a queue, does some work with it, and closes it. Gives up when Redis does not answer.
 * @throws PoolTrackerError QUEUE_FAILED, DEPENDENCY_MISSING, and what the work throws
 */
export async function withQueue<T>(address: QueueAddress, work: (queue: Queue<ImageJob>) => Promise<T>): Promise<T> {
  const { Queue } = loadBullMq();
  const queue = new Queue<ImageJob>(address.name, {
    connection: {
      ...address.redis,
      maxRetriesPerRequest: 3,
      retryStrategy: (times) => (times > 3 ? null : 200 * times),
    },
  });
  let lastError: unknown = null;
  queue.on('error', (error) => {
    lastError = error;
  });
  try {
    await queue.waitUntilReady();
    return await work(queue);
  } catch (error) {
    throw error instanceof PoolTrackerError ? error : queueFailed(address, lastError ?? error);
  } finally {
    await queue.close().catch(() => undefined);
  }
}

/** The output of `status`, in the form of `--json`. */
export interface QueueStatus {
  readonly waiting: number;
  readonly active: number;
  /** Waiting to be tried again. */
  readonly delayed: number;
  /** Since the queue was made. */
  readonly completed: number;
  /** Kept for inspection. */
  readonly failed: number;
  readonly completed_a_minute: number;
  readonly failures: readonly { readonly path: string; readonly tries: number; readonly message: string }[];
}

const RATE_MINUTES = 5;

/** What a job names as its image; jobs are whatever somebody wrote into the queue. */
function locationOf(data: Partial<ImageJob> | null): string {
  const location: unknown = data?.image?.location;
  return typeof location === 'string' ? location : '(no image)';
}

/**
 * @param listed maximum number of failures to list
 * @throws PoolTrackerError QUEUE_FAILED, DEPENDENCY_MISSING
 */
export function queueStatus(address: QueueAddress, listed: number): Promise<QueueStatus> {
  return withQueue(address, async (queue) => {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed');
    const metrics = await queue.getMetrics('completed', 0, RATE_MINUTES - 1);
    const minutes = metrics.data.map(Number).filter((count) => Number.isFinite(count));
    const failed = await queue.getFailed(0, listed - 1);
    return {
      waiting: counts.waiting ?? 0,
      active: counts.active ?? 0,
      delayed: counts.delayed ?? 0,
      completed: Math.max(Number(metrics.meta.count), counts.completed ?? 0),
      failed: counts.failed ?? 0,
      completed_a_minute: minutes.reduce((sum, count) => sum + count, 0) / Math.max(minutes.length, 1),
      failures: failed.map((job) => ({
        path: locationOf(job.data),
        tries: job.attemptsMade,
        message: job.failedReason ?? '',
      })),
    };
  });
}
