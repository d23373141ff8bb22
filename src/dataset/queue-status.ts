import { withQueue, type QueueAddress } from './queue/queue.js';

/** What `status` tells; the form of `--json`. */
export interface QueueStatus {
  readonly waiting: number;
  readonly active: number;
  /** Waiting for another try. */
  readonly delayed: number;
  /** Since the queue was made. */
  readonly completed: number;
  /** Kept to be looked at. */
  readonly failed: number;
  readonly completed_a_minute: number;
  readonly failures: readonly { readonly path: string; readonly tries: number; readonly message: string }[];
}

const RATE_MINUTES = 5;

/**
 * @param listed how many failures are wanted
 * @throws PoolTrackerError QUEUE_FAILED, DEPENDENCY_MISSING
 */
export function queueStatus(address: QueueAddress, listed: number): Promise<QueueStatus> {
  return withQueue(address, async (queue) => {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed', 'completed');
    const metrics = await queue.getMetrics('completed', 0, RATE_MINUTES - 1);
    const minutes = metrics.data.map(Number).filter((count) => Number.isFinite(count));
    const failed = await queue.getFailed(0, listed - 1);
    return {
      waiting: counts.waiting ?? 0, active: counts.active ?? 0, delayed: counts.delayed ?? 0,
      completed: Math.max(Number(metrics.meta.count), counts.completed ?? 0), failed: counts.failed ?? 0,
      completed_a_minute: minutes.reduce((sum, count) => sum + count, 0) / Math.max(minutes.length, 1),
      failures: failed.map((job) => ({ path: job.data.image.location, tries: job.attemptsMade, message: job.failedReason ?? '' })),
    };
  });
}
