import { openImage } from '../image/open-image.js';
import { openSource } from '../source/open-source.js';
import type { Scan } from './scan.js';
import type { ScanOptions } from './scan-options.js';
import { WalkScan } from './walk-scan.js';

/**
 * Opens an image and finds its tables.
 * @param location a path
 * @throws PoolTrackerError for whatever stands between the name and the tables; see errors.ts
 */
export async function openScan(location: string, options: ScanOptions = {}): Promise<Scan> {
  const source = await openSource(location);
  try {
    return await WalkScan.open(await openImage(source, options.imageFormat), options);
  } catch (error) {
    await source.close();
    throw error;
  }
}
