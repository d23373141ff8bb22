import { stat } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TagNaming } from '../record/rows/rows.js';
import { openScan } from '../scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../scan/scan.js';
import type { DecodedScan } from '../scan/scan-result.js';
import { openTarget } from '../sink/open-sink.js';
import { abortable } from '../work.js';

/** What a report is called and which names it knows; how an image is scanned, if it is of one. */
export interface ReportOptions extends ScanOptions {
  /** Its heading; by default the name of the image or dataset. */
  readonly title?: string;
  /** What is known of the tags of an image besides their counts; by default what the built-in list says. */
  readonly naming?: (result: DecodedScan) => TagNaming | Promise<TagNaming>;
}

async function isDataset(location: string): Promise<boolean> {
  const found = await stat(location).catch(() => null);
  return found?.isDirectory() === true;
}

/**
 * One page of HTML for people: who holds the memory of an image and what looks like a leak, or which hosts of a dataset
 * are odd and what grows; before that, which of it may be wrong. The page is complete in itself and makes no requests.
 * @param location an image as `openScan` takes it, or the directory of a dataset
 * @returns the text of the page
 * @throws PoolTrackerError as `openScan` and `decodeScan` do; for a dataset DEPENDENCY_MISSING, RECORDS_DAMAGED; the
 * reason of the signal
 */
export function report(location: string, options: ReportOptions = {}): Promise<string> {
  return abortable(options.signal, () => page(location, options));
}

async function page(location: string, options: ReportOptions): Promise<string> {
  // Loaded here: drawing needs libraries that nothing else does.
  if (await isDataset(location)) {
    const { datasetReport } = await import('./dataset/dataset.js');
    return datasetReport(location, options.title, options.signal);
  }
  const scan = await openScan(location, options);
  try {
    const result = await decodeScan(scan, true);
    const [{ imageReport }, naming] = await Promise.all([import('./image/image.js'), options.naming?.(result) ?? {}]);
    return await imageReport(result, naming, options.title);
  } finally {
    await scan.close();
  }
}

/**
 * Writes a report to a file, which appears when it is whole, or to a stream, which is left open.
 * @param force replace a file that exists
 * @throws PoolTrackerError OUTPUT_EXISTS before the work begins; OUTPUT_FAILED; as `report`
 */
export async function writeReport(
  location: string,
  output: string | Writable,
  { force = false, ...options }: ReportOptions & { readonly force?: boolean } = {},
): Promise<void> {
  if (typeof output !== 'string') {
    await pipeline(Readable.from([await report(location, options)]), output, { end: false });
    return;
  }
  const file = await openTarget(output, force);
  try {
    await pipeline(Readable.from([await report(location, options)]), file);
  } catch (error) {
    // The file is discarded before the error is told of.
    if (!file.closed) await new Promise<void>((resolve) => file.destroy().once('close', resolve));
    throw error;
  }
}
