import { messageOf, PoolTrackerError } from '../../errors.js';
import type { DriverFacts, DriverImage } from './driver-images.js';
import { ModuleSearch, type TagHits, type WantedTags } from './tag-search.js';

/** A driver that was searched, and what it holds. */
export interface SearchedDriver {
  readonly image: DriverImage;
  readonly facts: DriverFacts;
  readonly hits: TagHits;
}

/** What became of all of them. */
export interface SearchedDrivers {
  /** Drivers and others, in the order given; those that could not be read are left out. */
  readonly found: readonly SearchedDriver[];
  /** One line for each that could not be read. */
  readonly unreadable: readonly string[];
}

/** Files that are read at the same time: while one is searched, others come from the disk. */
const AT_ONCE = 8;

/**
 * Searches modules for tags, several at the same time. What is no driver has no hits.
 * @param onProgress told the bytes of the modules that are done, and of all; null when not known
 */
export async function searchModules(
  images: readonly DriverImage[],
  wanted: WantedTags,
  onProgress?: (done: number, total: number | null) => void,
): Promise<SearchedDrivers> {
  const found: (SearchedDriver | string)[] = new Array<SearchedDriver | string>(images.length);
  let next = 0;
  let done = 0;
  const sizes = images.map(({ size }) => size);
  const total = sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + size!, 0);
  const work = async (): Promise<void> => {
    for (let index = next++; index < images.length; index = next++) {
      found[index] = await searchModule(images[index]!, wanted);
      done += sizes[index] ?? 0;
      onProgress?.(done, total);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    found: found.filter((one) => typeof one !== 'string'),
    unreadable: found.filter((one) => typeof one === 'string'),
  };
}

/** The module with its hits, or why it could not be read. */
async function searchModule(image: DriverImage, wanted: WantedTags): Promise<SearchedDriver | string> {
  const search = new ModuleSearch(wanted);
  try {
    const facts = await image.facts();
    if (facts.kind === 'driver') {
      for await (const chunk of image.chunks()) search.feed(chunk);
    }
    return { image, facts, hits: search.hits };
  } catch (error) {
    if (!(error instanceof PoolTrackerError)) throw error;
    return messageOf(error);
  }
}
