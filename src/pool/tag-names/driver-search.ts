import { join } from 'node:path';
import { PoolTrackerError } from '../../errors.js';
import type { LocationOptions } from '../../source/source-scheme.js';
import { locationName } from '../../source/source.js';
import { DriverCache } from './driver-cache.js';
import { candidatesOf, type DriverCandidate, type LoadedDrivers } from './driver-candidates.js';
import { filesBelow, type FolderFile } from './driver-folder.js';
import { type DriverImage, driverFile } from './driver-images.js';
import { type SearchedDriver, searchModules } from './module-search.js';
import { WantedTags } from './tag-search.js';

export interface DriverSearch {
  /** By key: the drivers that hold the tag's bytes, likeliest first. Keys that none holds are left out. */
  readonly candidates: ReadonlyMap<number, readonly DriverCandidate[]>;
  /** Drivers, those that could not be read among them. */
  readonly searched: number;
  /** Programs of user mode, which were not searched. */
  readonly programs: number;
  /** One line for each driver that could not be read. */
  readonly unreadable: readonly string[];
  /** One line for each folder, link and the like that could not be followed. */
  readonly notes: readonly string[];
}

export interface SearchOptions {
  /** The modules that the image has loaded; absent when they are not known. */
  readonly loaded?: LoadedDrivers;
  /** Whether what is found in a folder is remembered for the next run; true by default. */
  readonly cache?: boolean;
  /** Files and folders out of which no link in a folder is followed; anywhere by default. */
  readonly within?: readonly string[];
  /** Told the bytes that have been searched, and all that are to be, null when that is not known. */
  readonly onProgress?: (done: number, total: number | null) => void;
}

/**
 * Searches modules for tags, as poolmon /c does, in one pass over each module however many tags there are.
 * @param keys as stored; the bit PROTECTED_POOL is not compared
 */
export async function searchDrivers(
  images: readonly DriverImage[],
  keys: Iterable<number>,
  { loaded, onProgress }: SearchOptions = {},
): Promise<DriverSearch> {
  const asked = [...keys];
  const { found, unreadable } = await searchModules(images, new WantedTags(asked), onProgress);
  const programs = found.filter(({ facts }) => facts.kind === 'program').length;
  return {
    candidates: await candidatesOf(found, asked, loaded ?? null),
    searched: found.length - programs + unreadable.length,
    programs,
    unreadable,
    notes: [],
  };
}

/**
 * Searches every driver below a folder. What has not changed since an earlier run is taken from its cache.
 * @throws PoolTrackerError USAGE when no file is a driver; SOURCE_UNREADABLE when the folder cannot be read
 */
export async function searchFolder(
  folder: string,
  keys: Iterable<number>,
  { loaded, cache: isCached = true, within, onProgress }: SearchOptions = {},
): Promise<DriverSearch> {
  const asked = [...keys];
  const reach = within === undefined ? {} : { within };
  const { files, notes } = await filesBelow(folder, within);
  const cache = await DriverCache.of(folder, new WantedTags(asked).bits, isCached);
  const image = ({ path, size }: FolderFile): DriverImage => driverFile(join(folder, path), path, size, reach);
  const known: SearchedDriver[] = [];
  const fresh = new Map<DriverImage, FolderFile>();
  for (const file of files) {
    const before = cache.find(file);
    if (before === null) fresh.set(image(file), file);
    else {
      known.push({ image: image(file), ...before });
      cache.keep(file, before.facts, before.hits);
    }
  }
  const { found, unreadable } = await searchModules([...fresh.keys()], new WantedTags(cache.tags), onProgress);
  for (const { image: one, facts, hits } of found) cache.keep(fresh.get(one)!, facts, hits);
  if (found.length > 0) await cache.write();
  const all = [...known, ...found].sort((a, b) => (a.image.path! < b.image.path! ? -1 : 1));
  const ofKind = (kind: string): number => all.filter(({ facts }) => facts.kind === kind).length;
  const searched = ofKind('driver') + unreadable.length;
  if (searched === 0) throw noDrivers(folder, ofKind('program'));
  return {
    candidates: await candidatesOf(all, asked, loaded ?? null),
    searched,
    programs: ofKind('program'),
    unreadable,
    notes,
  };
}

/**
 * Searches one driver's file.
 * @throws PoolTrackerError USAGE when it is none
 */
export async function searchDriver(
  location: string,
  keys: Iterable<number>,
  options: SearchOptions & LocationOptions = {},
): Promise<DriverSearch> {
  const found = await searchDrivers([driverFile(location, locationName(location), null, options)], keys, options);
  if (found.searched > 0) return found;
  throw notDriver(`${locationName(location)} is no driver: it is a program of user mode`);
}

function noDrivers(folder: string, programs: number): PoolTrackerError {
  const why =
    programs === 0 ? 'none begins with MZ' : `${programs} are programs of user mode, others do not begin with MZ`;
  return notDriver(`no file below ${folder} is a driver: ${why}`);
}

function notDriver(message: string): PoolTrackerError {
  return new PoolTrackerError('USAGE', message, {
    hint: 'name the directory that holds the .sys files, or a memory image',
  });
}
