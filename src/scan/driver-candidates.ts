import { isMissing, PoolTrackerError } from '../errors.js';
import { findLoadedModules } from '../kernel/objects/objects.js';
import {
  type DriverSearch,
  isDirectory,
  isExecutable,
  LoadedDrivers,
  moduleInMemory,
  searchDriver,
  searchDrivers,
  searchFolder,
} from '../pool/tag-names/tag-names.js';
import { locationName } from '../source/source.js';
import { openScan } from './open-scan.js';
import type { ScanOptions } from './scan.js';
import type { ScanResult } from './scan-result.js';
import { WalkScan } from './walk-scan.js';

/** What the modules are compared with, and how the search goes. */
export interface CandidateOptions extends ScanOptions {
  /** What is read from the image whose tags they are: the drivers that it has loaded come first. */
  readonly scanned?: ScanResult;
}

/** @throws PoolTrackerError when drivers are neither a directory nor a file that can be opened */
export async function requireDrivers(drivers: string): Promise<void> {
  if (!(await isDirectory(drivers))) await isExecutable(drivers);
}

/**
 * Searches drivers for tags.
 * @param drivers a directory of driver files, below which all are searched, one such file, or a memory image, whose
 * loaded modules are
 * @param keys as stored
 * @throws PoolTrackerError USAGE when there are no drivers; NO_KERNEL when the image's list of modules cannot be found
 */
export async function driverCandidates(
  drivers: string,
  keys: Iterable<number>,
  { scanned, ...options }: CandidateOptions,
): Promise<DriverSearch> {
  const modules = scanned === undefined || isMissing(scanned.objects) ? null : await scanned.objects.loadedDrivers();
  const { cache = true, within, onProgress } = options;
  const search = {
    cache,
    ...(within === undefined ? {} : { within }),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: (done: number, total: number | null) =>
            onProgress({ name: locationName(drivers), unit: 'bytes', done, total }),
        }),
    ...(modules === null ? {} : { loaded: new LoadedDrivers(modules) }),
  };
  if (await isDirectory(drivers)) return searchFolder(drivers, keys, search);
  if (await isExecutable(drivers, search)) return searchDriver(drivers, keys, search);
  const scan = await openScan(drivers, options);
  try {
    const found = scan instanceof WalkScan ? await findLoadedModules(scan.kernel, scan.located.symbols) : null;
    if (found === null || !(scan instanceof WalkScan)) throw noModules(drivers);
    return await searchDrivers(
      found.modules.map((module) => moduleInMemory(scan.kernel.memory, module)),
      keys,
      search,
    );
  } finally {
    await scan.close();
  }
}

function noModules(image: string): PoolTrackerError {
  return new PoolTrackerError('NO_KERNEL', `${image}: the list of loaded modules was not found`, {
    hint: 'try --symbols with a symbol file of this kernel, or --drivers with a directory of driver files',
  });
}
