export { type QueueAddress, type QueueStatus, parseQueue, queueStatus } from './work-queue.js';
export { submitImages } from './submit.js';
export { QueueWorker } from './queue-worker.js';
export type { WorkerLimits } from './job-check.js';
/** The door of the queue: jobs in, workers, and what is left to do. */
