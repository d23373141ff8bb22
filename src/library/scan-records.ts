import type { ReadableStream } from 'node:stream/web';
import { PoolTrackerError } from '../errors.js';
import { rowsOf, type TagSelection, typedRow } from '../record/rows/rows.js';
import {
  type RecordName,
  type RecordRow,
  recordTypeNamed,
  SCANNED_RECORD_TYPES,
} from '../record/schema/record-types.js';
import { openScan } from '../scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../scan/scan.js';
import { streamOf } from './web-stream.js';

/** The kinds of records that a scan of an image makes. */
export type ScannedRecordName = Exclude<RecordName, 'pool_tag_live'>;

/** How an image is scanned, and which of its records are wanted. */
export interface ScanRecordsOptions extends ScanOptions {
  /** Which tags the records are of, and in which order; all by default. */
  readonly selection?: TagSelection;
}

/**
 * The records of an image, one by one: `for await (const process of scanRecords('memory.dmp', 'process'))`. The image is
 * opened when the first is asked for, and closed after the last, or when the loop is left.
 * @param location as `scanImage` takes it
 * @param records which kind
 * @throws PoolTrackerError as `openScan` and `decodeScan` do; USAGE for a kind that no image has; the reason of the signal
 */
export async function* scanRecords<Name extends ScannedRecordName>(
  location: string,
  records: Name,
  options: ScanRecordsOptions = {},
): AsyncGenerator<RecordRow<Name>, void, undefined> {
  const { selection, signal } = options;
  const recordType = recordTypeNamed(records);
  if (!SCANNED_RECORD_TYPES.includes(recordType))
    throw new PoolTrackerError('USAGE', `no image has ${records} records`, {
      hint: 'convertRecords reads them from logs',
    });
  const scan = await openScan(location, options);
  try {
    const result = await decodeScan(scan, records === 'pool_tag_cpu');
    for await (const row of rowsOf(recordType, result, selection)) {
      signal?.throwIfAborted();
      yield typedRow(recordType, row) as RecordRow<Name>;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await scan.close();
  }
}

/**
 * The `pool_tag` records of an image, one for each tag: `for await (const tag of scanTags('memory.dmp'))`.
 * @throws as `scanRecords`
 */
export function scanTags(
  location: string,
  options: ScanRecordsOptions = {},
): AsyncGenerator<RecordRow<'pool_tag'>, void, undefined> {
  return scanRecords(location, 'pool_tag', options);
}

/**
 * The same as a web stream. None is made before it is asked for; cancelling the stream closes the image.
 * @throws (the stream fails) as `scanRecords`
 */
export function recordStream<Name extends ScannedRecordName>(
  location: string,
  records: Name,
  options: ScanRecordsOptions = {},
): ReadableStream<RecordRow<Name>> {
  return streamOf(scanRecords(location, records, options));
}
