import { PROTECTED_POOL } from '../table/tag-name.js';
import type { DriverFacts, DriverImage } from './driver-images.js';
import type { SearchedDriver } from './module-search.js';

/** A driver that holds a tag's bytes. */
export interface DriverCandidate {
  readonly name: string;
  /** As the version resource has them; null what it does not say. */
  readonly version: string | null;
  readonly vendor: string | null;
  readonly product: string | null;
  readonly description: string | null;
  /** Whether a driver of this name is loaded in the image; null when its list of modules is not known. */
  readonly loaded: boolean | null;
  /** Whether it is the same build: of one size and link time; null when nothing of that name is loaded, or not known. */
  readonly sameBuild: boolean | null;
  /** Where it lies below the folder that was searched; null in memory. */
  readonly path: string | null;
  /** Whether an instruction loads the tag, as a call of ExAllocatePoolWithTag does; else the bytes may be there by chance. */
  readonly inCode: boolean;
}

/**
 * Bytes that occur in more modules than this say little; then only the modules that load them into a register are
 * named.
 */
const MAX_CANDIDATES = 16;

/** The modules that an image has loaded, by the names of their files. */
export class LoadedDrivers {
  private readonly byName = new Map<string, DriverImage>();
  private readonly facts = new Map<DriverImage, Promise<DriverFacts>>();

  constructor(modules: Iterable<DriverImage>) {
    for (const module of modules) this.byName.set(module.name.toLowerCase(), module);
  }

  /** Whether a driver is among them, and in the same build. */
  async has({ image, facts }: SearchedDriver): Promise<Pick<DriverCandidate, 'loaded' | 'sameBuild'>> {
    const module = this.byName.get(image.name.toLowerCase());
    if (module === undefined) return { loaded: false, sameBuild: null };
    const own = this.facts.get(module) ?? module.facts();
    this.facts.set(module, own);
    return { loaded: true, sameBuild: isSameBuild(await own, facts) };
  }
}

/**
 * Null where it cannot be told: the header of a loaded module may have been paged out, and builds of one size are not
 * one build.
 */
function isSameBuild(one: DriverFacts, other: DriverFacts): boolean | null {
  if (one.imageSize === null || other.imageSize === null) return null;
  if (roundedUp(one.imageSize) !== roundedUp(other.imageSize)) return false;
  if (one.timeDateStamp === null || other.timeDateStamp === null) return null;
  return one.timeDateStamp === other.timeDateStamp;
}

function roundedUp(size: number): number {
  return Math.ceil(size / 0x1000);
}

/**
 * By key, the drivers that hold the tag's bytes, likeliest first: those that are loaded in the image before those that
 * only lie on the disk, the build that is loaded before others, those that load the tag into a register before those
 * that hold it as data. Keys that none holds are left out. A hit proves nothing: the four bytes may be there by chance.
 * @param keys as stored; the bit PROTECTED_POOL is not compared
 * @param loaded null when the image's list of modules is not known
 */
export async function candidatesOf(
  drivers: readonly SearchedDriver[],
  keys: Iterable<number>,
  loaded: LoadedDrivers | null,
): Promise<ReadonlyMap<number, readonly DriverCandidate[]>> {
  const asked = [...keys];
  const wanted = new Set(asked.map((key) => key & ~PROTECTED_POOL));
  const holders = new Map<number, DriverCandidate[]>();
  for (const driver of drivers) {
    const hits = [...driver.hits].filter(([bits]) => wanted.has(bits));
    if (hits.length === 0) continue;
    const facts = await factsOf(driver, loaded);
    for (const [bits, inCode] of hits) {
      const list = holders.get(bits) ?? [];
      list.push({ ...facts, inCode });
      holders.set(bits, list);
    }
  }
  const candidates = new Map<number, readonly DriverCandidate[]>();
  for (const key of asked) {
    const named = likeliest(holders.get(key & ~PROTECTED_POOL) ?? []);
    if (named.length > 0) candidates.set(key, named);
  }
  return candidates;
}

async function factsOf(driver: SearchedDriver, loaded: LoadedDrivers | null): Promise<Omit<DriverCandidate, 'inCode'>> {
  const { image, facts } = driver;
  const { version = null, vendor = null, product = null, description = null } = facts.version ?? {};
  const state = loaded === null ? { loaded: null, sameBuild: null } : await loaded.has(driver);
  return { name: image.name, version, vendor, product, description, ...state, path: image.path };
}

function rank({ loaded, sameBuild, inCode }: DriverCandidate): number {
  return (loaded === true ? 4 : 0) + (loaded === true && sameBuild !== false ? 2 : 0) + (inCode ? 1 : 0);
}

/** One of those that say the same of themselves: packages keep copies of one driver. */
function likeliest(all: readonly DriverCandidate[]): readonly DriverCandidate[] {
  const sorted = [...all].sort((a, b) => rank(b) - rank(a));
  const distinct = new Map<string, DriverCandidate>();
  for (const one of sorted) {
    const { path: _, name, ...rest } = one;
    const said = JSON.stringify({ ...rest, inCode: null, name: name.toLowerCase() });
    if (!distinct.has(said)) distinct.set(said, one);
  }
  const named = [...distinct.values()];
  return named.length <= MAX_CANDIDATES ? named : named.filter(({ inCode }) => inCode).slice(0, MAX_CANDIDATES);
}
