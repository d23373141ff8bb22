import { PoolTrackerError } from '../errors.js';
import { openImage } from '../image/open-image.js';
import { ByteStream } from '../source/byte-stream.js';
import { openBytes } from './open-bytes.js';
import type { Scan } from './scan.js';
import type { ScanOptions } from './scan-options.js';
import { noFindings, WalkScan, type WalkFindings } from './walk-scan.js';

/**
 * Opens an image and finds its tables.
 * @param location a path, an http://, https:// or s3:// URL, or - for standard input; in a compression wrapper or not
 * @param findings filled as they come, for who wants to tell of them when this fails
 * @throws PoolTrackerError for whatever stands between the name and the tables; see errors.ts
 */
export async function openScan(location: string, options: ScanOptions = {}, findings: WalkFindings = noFindings()): Promise<Scan> {
  const source = await openBytes(location, options.spool);
  if (source instanceof ByteStream) throw needsSpool(source);
  try {
    return await WalkScan.open(await openImage(source, options.imageFormat), options, findings);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** A walk goes from page table to page, wherever they lie. */
function needsSpool(stream: ByteStream): PoolTrackerError {
  stream.close();
  return new PoolTrackerError('SOURCE_UNREADABLE', `cannot walk ${stream.name}: it comes as a stream, and page tables lead here and there`, {
    hint: 'add --spool DIR to keep it in a temporary file meanwhile',
  });
}
