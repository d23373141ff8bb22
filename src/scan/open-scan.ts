import { PoolTrackerError } from '../errors.js';
import type { MemoryImage } from '../image/image.js';
import { keepsWrapper, openImage } from '../image/formats.js';
import { RunListBuilder } from '../image/run-list.js';
import { ByteStream } from '../source/stream/byte-stream.js';
import type { Source } from '../source/source.js';
import { CarveScan } from './carve-scan.js';
import { openBytes } from '../source/open-source.js';
import type { Scan } from './scan.js';
import type { ScanOptions } from './scan.js';
import { noFindings, WalkScan, type WalkFindings } from './walk-scan.js';

/** Failures of walking that leave something to carve. */
const CARVED_AFTER = new Set(['NO_KERNEL', 'TABLES_NOT_FOUND']);

/**
 * Opens an image and finds its tables: by walking where that can be, else by carving, unless `method` says which.
 * @param location a path, an http://, https:// or s3:// URL, or - for standard input; in a compression wrapper or not
 * @param findings filled as they come, for who wants to tell of them when this fails
 * @throws PoolTrackerError for whatever stands between the name and the tables; see errors.ts
 */
export async function openScan(
  location: string,
  options: ScanOptions = {},
  findings: WalkFindings = noFindings(),
): Promise<Scan> {
  const { method = 'auto' } = options;
  const opened = await openBytes(location, keepsWrapper, options.spool);
  try {
    if (opened instanceof ByteStream) {
      if (method === 'walk') throw cannotWalk(opened);
      return new CarveScan(opened, options);
    }
    if (method === 'carve') return new CarveScan(await imageToCarve(opened, options), options);
    const image = await openImage(opened, options.imageFormat);
    try {
      return await WalkScan.open(image, options, findings);
    } catch (error) {
      if (
        method === 'walk' ||
        options.locate !== undefined ||
        !(error instanceof PoolTrackerError) ||
        !CARVED_AFTER.has(error.code)
      )
        throw error;
      return new CarveScan(image, options, error);
    }
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function cannotWalk(stream: ByteStream): PoolTrackerError {
  return new PoolTrackerError(
    'SOURCE_UNREADABLE',
    `cannot walk ${stream.name}: it comes as a stream, and page tables lead here and there`,
    {
      hint: 'add --spool DIR to keep it in a temporary file meanwhile, or carve it: --method carve',
    },
  );
}

/** A fragment too small for a memory image has pages to carve all the same. */
async function imageToCarve(source: Source, { imageFormat }: ScanOptions): Promise<MemoryImage> {
  try {
    return await openImage(source, imageFormat);
  } catch (error) {
    if (!(error instanceof PoolTrackerError) || error.code !== 'NOT_AN_IMAGE' || source.byteLength === 0) throw error;
    const runs = new RunListBuilder('raw');
    runs.add(0, source.byteLength, 0);
    return { format: 'raw', source, runs: runs.build(), hints: {}, warnings: [] };
  }
}
