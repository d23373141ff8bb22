import { join } from 'node:path';
import { knownError, PoolTrackerError } from '../../errors.js';
import type { Row } from '../../record/schema/record-type.js';
import { POOL_TAG_LIVE } from '../../record/schema/record-types.js';
import { openSink, writeRows } from '../../sink/open-sink.js';
import { isLiveLog, openRecords } from '../../sink/readers.js';
import { sinkNamed } from '../../sink/sinks.js';
import { isUrl } from '../images/images.js';
import { PART_EXTENSION } from '../store/dataset-settings.js';
import { partitionFolder } from '../store/partition.js';
import { failureOf, type ImageTask, type ScannedImage } from './image-task.js';

/** Whether what is to be scanned is no memory image but the log of a tool on a live machine. */
export async function isLogTask({ location, scan, failure }: ImageTask): Promise<boolean> {
  return failure === undefined && scan.imageFormat === undefined && !isUrl(location) && (await isLiveLog(location));
}

/** The one partition that all moments of a log belong to. */
function folderOf(rows: readonly Row[], { location, partition, scan }: ImageTask): string {
  const folders = new Set(
    rows.map((row) => {
      const host = row['host'] as string | null;
      return partitionFolder(partition, row['captured_at'] as number | null, {
        ...scan.labels,
        ...(host !== null && { host }),
      });
    }),
  );
  if (folders.size <= 1) return [...folders][0] ?? partitionFolder(partition, null, scan.labels ?? {});
  throw new PoolTrackerError('USAGE', `${location}: its moments belong to ${folders.size} partitions of the dataset`, {
    hint: 'write a log for each, or choose partitions that they share',
  });
}

/** Writes the log's records into the staging folder: pool_tag_live, whatever records of images are wanted. */
export async function processLiveLog(task: ImageTask): Promise<ScannedImage> {
  const startedAt = performance.now();
  const path = join(task.staging, `${POOL_TAG_LIVE.name}${PART_EXTENSION[task.format]}`);
  const rows: Row[] = [];
  try {
    const records = await openRecords(task.location, 'live-log', { labels: task.scan.labels ?? {} });
    for await (const row of records.rows) rows.push(row);
    const folder = folderOf(rows, task);
    const sink = await openSink(
      { recordType: POOL_TAG_LIVE, format: sinkNamed(task.format), target: path },
      { ...task.sink, staged: true },
    );
    await writeRows(POOL_TAG_LIVE, rows, sink);
    return {
      ...outcomeOf(rows, startedAt),
      folder,
      files: [{ record: POOL_TAG_LIVE.name, path }],
      failure: null,
    };
  } catch (error) {
    const known = knownError(error);
    if (known.code === 'OUTPUT_FAILED') throw known;
    const folder = partitionFolder(task.partition, null, task.scan.labels ?? {});
    return { ...outcomeOf([], startedAt), status: 'failed', folder, files: [], failure: failureOf(known) };
  }
}

function outcomeOf(rows: readonly Row[], startedAt: number): Omit<ScannedImage, 'folder' | 'files' | 'failure'> {
  return {
    kind: 'scanned',
    status: rows.some((row) => row['complete'] === false) ? 'incomplete' : 'ok',
    imageId: String(rows[0]?.['image_id'] ?? '0'.repeat(32)),
    rows: rows.length,
    bytesRead: 0,
    elapsedMs: Math.round(performance.now() - startedAt),
    warnings: 0,
  };
}
