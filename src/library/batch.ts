import { availableParallelism } from 'node:os';
import { Batch, DEFAULT_RECORDS, DEFAULT_TIMEOUT_MS } from '../dataset/batch.js';
import { ListedImages } from '../dataset/images/image-feed.js';
import { checkedShard, listImages, type Shard, shardOf } from '../dataset/images/images.js';
import { LabelRules } from '../dataset/images/labels.js';
import type { BatchSummary, ImageEvent, IngestOptions } from '../dataset/ingest/ingest.js';
import { PoolTrackerError } from '../errors.js';
import { recordTypeNamed, SCANNED_RECORD_TYPES } from '../record/schema/record-types.js';
import type { Labels } from '../scan/scan-result.js';
import { requireDrivers } from '../scan/driver-candidates.js';
import { locationName } from '../source/source.js';
import type { WorkOptions } from '../work.js';
import type { ScannedRecordName } from './scan-records.js';

/** How many images become a dataset. */
export interface DatasetBatchOptions extends Omit<Partial<IngestOptions>, 'out' | 'records'>, WorkOptions {
  /** Which kinds of records: pool_tag and image by default. */
  readonly records?: readonly ScannedRecordName[];
  /** Labels of every image. */
  readonly labels?: Labels;
  /** Patterns in the syntax of RE2 that are matched against the path; each named group is a label. */
  readonly labelsFrom?: readonly string[];
  /** A CSV or NDJSON file of labels whose column `path` names the image. */
  readonly labelFile?: string;
  /** How many images are scanned at the same time, each in a thread: as many as there are cores by default. */
  readonly jobs?: number;
  /** Milliseconds after which an image is given up: half an hour by default. */
  readonly timeoutMs?: number;
  /** Whether images are scanned again that are done and have not changed. */
  readonly redo?: boolean;
  /** Whether no more images are begun when one has failed. */
  readonly failFast?: boolean;
  /** Only this part of the images, for several machines: `{ part: 0, parts: 4 }` is the first of four. */
  readonly shard?: Shard;
  /** Told of each image when it is done. */
  readonly onImage?: (event: ImageEvent) => void;
}

/**
 * Scans images into a dataset, several at a time. An image that fails is no error: it has its record, and is counted in the
 * summary. The same call goes on where one that ended early stopped. Progress is told in images.
 * @param sources files, directories, patterns such as `dumps/*.dmp`, URLs, `s3://bucket/prefix/`, `@list.txt`
 * @param dataset a directory or `s3://bucket/prefix`
 * @throws PoolTrackerError USAGE, SOURCE_NOT_FOUND, OUTPUT_FAILED, DEPENDENCY_MISSING; the reason of the signal: threads are
 * ended at once, and what was published before is whole
 */
export async function batch(
  sources: string | readonly string[],
  dataset: string,
  options: DatasetBatchOptions = {},
): Promise<BatchSummary> {
  const { labels, labelsFrom, labelFile, jobs, timeoutMs, redo, failFast, shard, onImage, ...rest } = options;
  const { signal, onProgress, records = DEFAULT_RECORDS, scan = {}, sink = {}, ...ingest } = rest;
  signal?.throwIfAborted();
  if (shard !== undefined) checkedShard(shard);
  if (jobs !== undefined && !(Number.isSafeInteger(jobs) && jobs >= 1))
    throw new PoolTrackerError('USAGE', `jobs: expected a whole number of at least 1, found ${jobs}`);
  for (const record of records)
    if (!SCANNED_RECORD_TYPES.includes(recordTypeNamed(record)))
      throw new PoolTrackerError('USAGE', `no image has ${record} records`);
  if (ingest.drivers !== undefined) await requireDrivers(ingest.drivers);
  const rules = await LabelRules.load({
    fixed: labels ?? {},
    patterns: labelsFrom ?? [],
    ...(labelFile !== undefined && { file: labelFile }),
  });
  const words = typeof sources === 'string' ? [sources] : sources;
  const all = await listImages(words, { input: process.stdin, except: dataset });
  const images = shard === undefined ? all : all.filter(({ source }) => shardOf(source, shard.parts) === shard.part);
  const name = locationName(dataset);
  const { length: total } = images;
  let done = 0;
  return new Batch(
    new ListedImages(images),
    {
      ...ingest,
      out: dataset,
      records,
      scan,
      sink,
      labels: rules,
      jobs: jobs ?? availableParallelism(),
      timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS,
      redo: redo ?? false,
      failFast: failFast ?? false,
      signal,
    },
    {
      listed: () => onProgress?.({ name, unit: 'images', done, total }),
      image: (event) => {
        onImage?.(event);
        onProgress?.({ name, unit: 'images', done: ++done, total });
      },
    },
  ).run();
}
