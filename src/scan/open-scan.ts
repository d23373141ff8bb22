import { openImage } from '../image/open-image.js';
import { openSource } from '../source/open-source.js';
import type { Scan } from './scan.js';
import type { ScanOptions } from './scan-options.js';
import { noFindings, WalkScan, type WalkFindings } from './walk-scan.js';

/**
 * Opens an image and finds its tables.
 * @param location a path
 * @param findings filled as they come, for who wants to tell of them when this fails
 * @throws PoolTrackerError for whatever stands between the name and the tables; see errors.ts
 */
export async function openScan(location: string, options: ScanOptions = {}, findings: WalkFindings = noFindings()): Promise<Scan> {
  const source = await openSource(location);
  try {
    return await WalkScan.open(await openImage(source, options.imageFormat), options, findings);
  } catch (error) {
    await source.close();
    throw error;
  }
}
