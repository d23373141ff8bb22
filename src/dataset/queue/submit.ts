import { createHash } from 'node:crypto';
import type { ListedImage } from '../images/images.js';
import { versionOf } from '../images/image-version.js';
import { Ingest, type IngestOptions } from '../ingest/ingest.js';
import type { LabelRules } from '../images/labels.js';
import { withQueue, type ImageJob, type QueueAddress } from './work-queue.js';

/** Number of jobs sent to Redis at a time. */
const CHUNK = 500;
/** Number of finished jobs that Redis keeps for inspection; the dataset's journal has them all. */
const KEPT_JOBS = 1000;

export interface SubmitOptions extends IngestOptions {
  readonly labels: LabelRules;
  readonly timeoutMs: number;
  /** Whether to submit images that are already done, too. */
  readonly redo: boolean;
  /** How often an image is tried when the fault may not be its own. */
  readonly attempts: number;
  /** Milliseconds before the second try; doubled before each further one. */
  readonly backoffMs: number;
}

export interface Submitted {
  readonly submitted: number;
  readonly doneBefore: number;
}

/**
 * Puts one job for each image into the queue; those that the dataset's journal knows as done are left out, and one that
 * is already waiting there is not added again.
 *
 * @throws PoolTrackerError QUEUE_FAILED, DEPENDENCY_MISSING, OUTPUT_FAILED, USAGE
 */
export async function submitImages(
  images: readonly ListedImage[],
  address: QueueAddress,
  options: SubmitOptions,
): Promise<Submitted> {
  const { labels, timeoutMs, redo, attempts, backoffMs, ...ingestOptions } = options;
  const ingest = await Ingest.open(ingestOptions);
  try {
    return await withQueue(address, async (queue) => {
      // A job that failed for good may be submitted again.
      await queue.clean(0, 0, 'failed');
      let submitted = 0;
      for (let start = 0; start < images.length; start += CHUNK) {
        const jobs = [];
        for (const image of images.slice(start, start + CHUNK)) {
          const version = await versionOf(image);
          if (!redo && ingest.isDone(image.source, version)) continue;
          const data: ImageJob = {
            image,
            labels: labels.labelsOf(image.location, image.source),
            ingest: ingestOptions,
            timeoutMs,
          };
          const jobId = createHash('sha256')
            .update(JSON.stringify([ingestOptions.out, image.source, version, redo ? Date.now() : 0]))
            .digest('hex')
            .slice(0, 32);
          jobs.push({
            name: 'image',
            data,
            opts: {
              jobId,
              attempts,
              backoff: { type: 'exponential', delay: backoffMs },
              removeOnComplete: { count: KEPT_JOBS },
              removeOnFail: { count: KEPT_JOBS },
            },
          });
        }
        await queue.addBulk(jobs);
        submitted += jobs.length;
      }
      return { submitted, doneBefore: images.length - submitted };
    });
  } finally {
    await ingest.close();
  }
}
