import { PoolTrackerError } from '../errors.js';
import { findLoadedModules } from '../kernel/objects/objects.js';
import {
  driverFile,
  type DriverSearch,
  driversInDirectory,
  isDirectory,
  isExecutable,
  moduleInMemory,
  searchDrivers,
} from '../pool/tag-names/tag-names.js';
import { openScan } from './open-scan.js';
import type { ScanOptions } from './scan.js';
import { WalkScan } from './walk-scan.js';

/**
 * Searches drivers for tags.
 * @param drivers a directory of driver files, one such file, or a memory image, whose loaded modules are searched
 * @param keys as stored
 * @throws PoolTrackerError USAGE when there are no drivers; NO_KERNEL when the image's list of modules cannot be found
 */
export async function driverCandidates(
  drivers: string,
  keys: Iterable<number>,
  options: ScanOptions,
): Promise<DriverSearch> {
  if (await isDirectory(drivers)) return searchDrivers(driversInDirectory(drivers), keys);
  if (await isExecutable(drivers)) return searchDrivers([driverFile(drivers)], keys);
  const scan = await openScan(drivers, options);
  try {
    const found = scan instanceof WalkScan ? await findLoadedModules(scan.kernel, scan.located.symbols) : null;
    if (found === null || !(scan instanceof WalkScan)) throw noModules(drivers);
    return await searchDrivers(
      found.modules.map((module) => moduleInMemory(scan.kernel.memory, module)),
      keys,
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
