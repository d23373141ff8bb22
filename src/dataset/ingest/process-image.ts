import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PAGE_SIZE } from '../../address.js';
import { knownError, PoolTrackerError } from '../../errors.js';
import { formatOf, keepsWrapper, openImage } from '../../image/formats.js';
import { type Rows, rowsOf, shortfall, type TagNaming } from '../../record/rows/rows.js';
import { IMAGE, IMAGE_WARNING, POOL_TAG, recordTypeNamed } from '../../record/schema/record-types.js';
import { KnownTags } from '../../pool/tag-names/tag-names.js';
import { driverCandidates } from '../../scan/driver-candidates.js';
import { openSystems, tryOpenScan } from '../../scan/open-scan.js';
import { dated, decodeScan, failedScan, resultOf, type Scan, scanRequest } from '../../scan/scan.js';
import type { FailedScan, ScanResult } from '../../scan/scan-result.js';
import { openSink, writeRows } from '../../sink/open-sink.js';
import { sinkNamed } from '../../sink/sinks.js';
import { openBytes } from '../../source/open-source.js';
import { PROBE_LENGTH, sourceOf } from '../../source/source.js';
import { ByteStream } from '../../source/stream/byte-stream.js';
import { PART_EXTENSION } from '../store/dataset-settings.js';
import { allDone } from '../../work.js';
import { isUrl } from '../images/images.js';
import { isLogTask, processLiveLog } from './process-live-log.js';
import { failureOf, type ImageOutcome, type ImageTask, type StagedFile } from './image-task.js';
import { partitionFolder } from '../store/partition.js';

/** About the number of tags in a table: unused capacity costs more than a second batch. */
const BATCH_ROWS = 2048;

/** Drivers that could not be read and are named in the image record. */
const MAX_FAULTS = 5;

/** What a scan came to, and its records, written. */
interface Written {
  readonly result: ScanResult;
  readonly files: readonly StagedFile[];
  readonly rows: number;
}

/** Why a file that was only found in a folder is not an image; null when it may be one. */
async function whyNoImage({ location, scan }: ImageTask): Promise<string | null> {
  const source = await openBytes(location, keepsWrapper, undefined, scan);
  try {
    if (source instanceof ByteStream) {
      const head = await source.reader.peek(PROBE_LENGTH);
      await formatOf(head, sourceOf(source.name, head));
      return null;
    }
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

/** @param results of each system; the first one's outcome is the image's */
async function write(
  task: ImageTask,
  records: readonly string[],
  results: readonly [ScanResult, ...ScanResult[]],
): Promise<Written> {
  const told: NamedResult[] = [];
  for (const result of results) told.push(await named(task, await withShortfalls(result, records)));
  // Side by side: most of the time goes by until the disk has the bytes.
  const files = await allDone(records.map((record) => writeRecord(task, record, told)));
  return { result: told[0]!.result, files, rows: files.reduce((sum, { rows }) => sum + rows, 0) };
}

async function writeRecord(
  { staging, format, sink: options }: ImageTask,
  record: string,
  results: readonly NamedResult[],
): Promise<StagedFile & { readonly rows: number }> {
  const recordType = recordTypeNamed(record);
  const path = join(staging, `${record}${PART_EXTENSION[format]}`);
  const sink = await openSink({ recordType, format: sinkNamed(format), target: path }, { ...options, staged: true });
  // Sorted by tag, so that readers skip row groups by their statistics, and compaction has less to do.
  const groups = results.map(({ result, naming }) => rowsOf(recordType, result, { sort: 'tag' }, naming));
  const rows = await writeRows(recordType, chained(groups), sink, recordType === IMAGE ? 1 : BATCH_ROWS);
  return { record, path, rows };
}

/** The result with a warning for each wanted kind of records that is not there, or not whole. */
async function withShortfalls<Result extends ScanResult>(result: Result, records: readonly string[]): Promise<Result> {
  if (result.tables === null) return result;
  const warnings = [...result.warnings];
  for (const record of records) {
    const missing = await shortfall(recordTypeNamed(record), result);
    if (missing !== null) warnings.push({ code: 'records-missing', message: `${record}: ${missing}` });
  }
  return { ...result, warnings };
}

/** A result, and what is known of its tags. */
interface NamedResult {
  readonly result: ScanResult;
  readonly naming: TagNaming;
}

/** Searches drivers for the tags on no list. That they cannot be searched is a warning: the counts stand without. */
async function named({ drivers, records, scan }: ImageTask, result: ScanResult): Promise<NamedResult> {
  if (drivers === undefined || result.tables === null || !records.includes(POOL_TAG.name))
    return { result, naming: {} };
  const known = new KnownTags();
  const unknown = result.totals.filter(({ key }) => known.find(key) === null).map(({ key }) => key);
  // The format option applies only to the scanned images.
  const { imageFormat: _, ...options } = scan;
  try {
    const search = await driverCandidates(drivers, unknown, { ...options, scanned: result });
    const faults = [...search.notes, ...search.unreadable].slice(0, MAX_FAULTS);
    const warnings = faults.map((message) => ({ code: 'drivers-unreadable', message }));
    return {
      result: { ...result, warnings: [...result.warnings, ...warnings] },
      naming: { known, candidates: search.candidates },
    };
  } catch (error) {
    const { message } = knownError(error);
    return {
      result: { ...result, warnings: [...result.warnings, { code: 'drivers-unreadable', message }] },
      naming: {},
    };
  }
}

/** The rows of several results, one after the other. */
function chained(groups: readonly Rows[]): Rows {
  if (groups.length === 1) return groups[0]!;
  return (async function* () {
    for (const rows of groups) yield* rows;
  })();
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

/** @throws PoolTrackerError for what stands before a scan: a failure of the scan itself is in its result */
async function open(task: ImageTask): Promise<Scan | FailedScan> {
  if (task.failure !== undefined) throw new PoolTrackerError(task.failure.code, task.failure.message);
  await refuseSpecialFiles(task.location);
  return tryOpenScan(task.location, task.scan);
}

async function decodeAndWrite(task: ImageTask, scan: Scan): Promise<Written> {
  try {
    return await write(task, task.records, [await decodeScan(scan, task.records.includes('pool_tag_cpu'))]);
  } finally {
    await scan.close();
  }
}

/**
 * Writes the image record and the warnings, which is all that there is of an image that failed.
 * @throws PoolTrackerError the failure itself, where it is not the image's fault
 */
async function writeFailure(task: ImageTask, failed: FailedScan): Promise<Written> {
  const { error } = failed.outcome;
  if (error.code === 'OUTPUT_FAILED' || error.code === 'USAGE') throw error;
  const result = await dated(failed, task.location);
  return write(
    task,
    task.records.filter((record) => record === IMAGE.name || record === IMAGE_WARNING.name),
    [result],
  );
}

/** Records of all systems: those of one that failed are its image record. */
async function writeSystems(task: ImageTask): Promise<Written> {
  await refuseSpecialFiles(task.location);
  const systems = await openSystems(task.location, task.scan);
  try {
    const results: ScanResult[] = [];
    for (const scan of systems.scans) results.push(await resultOf(scan, task.records.includes('pool_tag_cpu')));
    const [first, ...more] = results;
    return await write(task, task.records, [first!, ...more]);
  } finally {
    await systems.close();
  }
}

async function scanAndWrite(task: ImageTask): Promise<Written> {
  if (task.allSystems && task.failure === undefined) {
    const request = scanRequest(task.location, task.scan);
    return writeSystems(task).catch((error: unknown) => writeFailure(task, failedScan(request, knownError(error))));
  }
  const request = scanRequest(task.location, task.scan);
  const scan = await open(task).catch((error: unknown) => failedScan(request, knownError(error)));
  if ('outcome' in scan) return writeFailure(task, scan);
  return decodeAndWrite(task, scan).catch((error: unknown) => writeFailure(task, scan.failed(knownError(error))));
}

/**
 * Scans one image and writes its records into the staging folder. An error that the image causes becomes its image
 * record.
 *
 * @throws PoolTrackerError OUTPUT_FAILED; USAGE for options or labels that are wrong for every image
 */
export async function processImage(task: ImageTask): Promise<ImageOutcome> {
  if (await isLogTask(task)) return processLiveLog(task);
  if (task.mayBeOther && task.failure === undefined && task.scan.imageFormat === undefined) {
    const reason = await whyNoImage(task).catch(() => null);
    if (reason !== null) return { kind: 'passed-over', reason };
  }
  const { result, files, rows } = await scanAndWrite(task);
  const { imageId, labels, kernel, outcome, warnings, bytesRead, elapsedMs } = result;
  return {
    kind: 'scanned',
    status: outcome.status,
    imageId,
    folder: partitionFolder(task.partition, kernel.capturedAt?.getTime() ?? null, labels),
    files,
    rows,
    bytesRead,
    elapsedMs,
    warnings: warnings.length,
    failure: outcome.status === 'failed' ? failureOf(outcome.error) : null,
  };
}
