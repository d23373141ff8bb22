import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PAGE_SIZE } from '../../address.js';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { openImage } from '../../image/formats.js';
import { rowsOf } from '../../record/rows/rows.js';
import { IMAGE } from '../../record/schema/record-types.js';
import { batchesOfRows } from '../../record/arrow/record-batches.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import { recordTypeNamed } from '../../record/schema/record-types.js';
import { decodeScan } from '../../scan/scan.js';
import { failedImage } from '../../scan/scan-result.js';
import { openScan } from '../../scan/open-scan.js';
import { noFindings, type WalkFindings } from '../../scan/walk-scan.js';
import { openSink } from '../../sink/open-sink.js';
import { sinkNamed } from '../../sink/sinks.js';
import { openSource } from '../../source/open-source.js';
import { PART_EXTENSION } from '../store/dataset-settings.js';
import { isUrl } from '../images/images.js';
import { failureOf, type ImageOutcome, type ImageTask, type ScannedImage, type StagedFile } from './image-task.js';
import { partitionFolder } from '../store/partition.js';

/** About the number of tags in a table: unused capacity costs more than a second batch. */
const BATCH_ROWS = 2048;

type Rows = Iterable<Row> | AsyncIterable<Row>;

/** The records of an image, as written. */
interface Written {
  readonly imageId: string;
  readonly image: Row;
  readonly files: readonly StagedFile[];
  readonly rows: number;
}

/** Why a file that was only found in a folder is not an image; null when it may be one. */
async function whyNoImage(location: string): Promise<string | null> {
  const source = await openSource(location);
  try {
    const { format } = await openImage(source);
    return format === 'raw' && source.byteLength % PAGE_SIZE !== 0
      ? 'no format claims it, and it is not made of whole pages'
      : null;
  } catch (error) {
    if (error instanceof PoolTrackerError && error.code === 'NOT_AN_IMAGE') return error.message;
    return null;
  } finally {
    await source.close();
  }
}

async function write(
  task: ImageTask,
  records: readonly string[],
  rowsOfType: (recordType: RecordType) => Rows,
): Promise<{ files: StagedFile[]; rows: number }> {
  const files: StagedFile[] = [];
  let rows = 0;
  async function* counted(all: Rows): AsyncGenerator<Row> {
    for await (const row of all) {
      rows++;
      yield row;
    }
  }
  for (const record of records) {
    const recordType = recordTypeNamed(record);
    const path = join(task.staging, `${record}${PART_EXTENSION[task.format]}`);
    const sink = await openSink(
      { recordType, format: sinkNamed(task.format), target: path },
      { ...task.sink, force: true },
    );
    await pipeline(
      Readable.from(counted(rowsOfType(recordType))),
      batchesOfRows(recordType, recordType === IMAGE ? 1 : BATCH_ROWS),
      sink,
    );
    files.push({ record, path });
  }
  return { files, rows };
}

/** Opening a pipe would wait for its writer, and nothing can be read from it twice. */
async function refuseSpecialFiles(location: string): Promise<void> {
  const found = isUrl(location) ? null : await stat(location).catch(() => null);
  if (found?.isFIFO() === true || found?.isSocket() === true || found?.isCharacterDevice() === true) {
    throw new PoolTrackerError('NOT_AN_IMAGE', `${location} is not a file: a pipe, a socket or a device`, {
      hint: 'write it to a file first',
    });
  }
}

async function scanAndWrite(task: ImageTask, findings: WalkFindings): Promise<Written> {
  if (task.failure !== undefined) throw new PoolTrackerError(task.failure.code, task.failure.message);
  await refuseSpecialFiles(task.location);
  const scan = await openScan(task.location, task.scan, findings);
  try {
    const decoded = await decodeScan(scan, task.records.includes('pool_tag_cpu'));
    // Sorted by tag, so that readers can skip row groups by their statistics and compaction has less to do.
    const written = await write(task, task.records, (recordType) => rowsOf(recordType, decoded, { sort: 'tag' }));
    return { imageId: decoded.imageId, image: decoded.image, ...written };
  } finally {
    await scan.close();
  }
}

async function writeFailure(
  task: ImageTask,
  findings: WalkFindings,
  error: PoolTrackerError,
  elapsedMs: number,
): Promise<Written> {
  const failed = failedImage({ path: task.location, labels: task.scan.labels ?? {}, error, findings, elapsedMs });
  return {
    ...failed,
    ...(await write(
      task,
      task.records.filter((record) => record === IMAGE.name),
      () => [failed.image],
    )),
  };
}

/**
 * Scans one image and writes its records into the staging folder. An error that the image causes becomes its image
 * record.
 *
 * @throws PoolTrackerError OUTPUT_FAILED; USAGE for options or labels that are wrong for every image
 */
export async function processImage(task: ImageTask): Promise<ImageOutcome> {
  if (task.mayBeOther && task.failure === undefined && task.scan.imageFormat === undefined) {
    const reason = await whyNoImage(task.location).catch(() => null);
    if (reason !== null) return { kind: 'passed-over', reason };
  }
  const startedAt = performance.now();
  const findings = noFindings();
  let failure: PoolTrackerError | null = null;
  const { imageId, image, files, rows } = await scanAndWrite(task, findings).catch((error: unknown) => {
    failure =
      error instanceof PoolTrackerError
        ? error
        : new PoolTrackerError('INTERNAL', `unexpected: ${messageOf(error)}`, { cause: error });
    if (failure.code === 'OUTPUT_FAILED' || failure.code === 'USAGE') throw failure;
    return writeFailure(task, findings, failure, performance.now() - startedAt);
  });
  return {
    kind: 'scanned',
    status: image.status as ScannedImage['status'],
    imageId,
    folder: partitionFolder(task.partition, image.captured_at as number | null, task.scan.labels ?? {}),
    files,
    rows,
    bytesRead: Number(image.bytes_read),
    elapsedMs: Number(image.elapsed_ms),
    warnings: (JSON.parse(String(image.warnings)) as unknown[]).length,
    failure: failure === null ? null : failureOf(failure),
  };
}
