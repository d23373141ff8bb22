import { readFileSync } from 'node:fs';
import { PROTECTED_POOL } from '../table/tag-name.js';
import { parsePooltag, type PooltagEntry, type PooltagFile } from './pooltag-file.js';

export { type PooltagFile, readPooltagFile } from './pooltag-file.js';
export { type DriverCandidate, LoadedDrivers } from './driver-candidates.js';
export { type DriverImage, isDirectory, isExecutable, moduleInMemory } from './driver-images.js';
export { type DriverSearch, searchDriver, searchDrivers, searchFolder } from './driver-search.js';

/** What is known about a tag. */
export interface KnownTag {
  readonly driver: string | null;
  readonly description: string | null;
}

/** The entries with wildcards in the same places. */
interface MaskGroup {
  /** Bits set where the bits of the tag are compared. */
  readonly mask: number;
  readonly literals: number;
  readonly byBits: Map<number, KnownTag>;
}

/**
 * The known tags, looked up by key. Of the entries that match, the most specific is used: the one with the most
 * characters that are not wildcards, the first among equals.
 */
export class TagNameList {
  /** At most 16, since each of the four characters is literal or a wildcard; those with most literals first. */
  private readonly groups: readonly MaskGroup[];

  constructor(entries: Iterable<PooltagEntry>) {
    const groups = new Map<number, MaskGroup>();
    for (const { pattern, driver, description } of entries) {
      const { mask, bits, literals } = compile(pattern);
      const group = groups.get(mask) ?? { mask, literals, byBits: new Map<number, KnownTag>() };
      groups.set(mask, group);
      if (!group.byBits.has(bits)) group.byBits.set(bits, { driver, description });
    }
    this.groups = [...groups.values()].sort((a, b) => b.literals - a.literals || b.mask - a.mask);
  }

  /**
   * @param key as stored; PROTECTED_POOL makes no difference, nor does it whether a short tag is filled with zeros or
   * spaces
   */
  find(key: number): KnownTag | null {
    const bits = filledUp(key & ~PROTECTED_POOL);
    for (const { mask, byBits } of this.groups) {
      const known = byBits.get(bits & mask);
      if (known !== undefined) return known;
    }
    return null;
  }
}

function compile(pattern: string): { mask: number; bits: number; literals: number } {
  let mask = 0;
  let bits = 0;
  let literals = 0;
  for (let index = 0; index < 4; index++) {
    if (pattern[index] === '?') continue;
    mask |= 0xff << (index * 8);
    bits |= pattern.charCodeAt(index) << (index * 8);
    literals++;
  }
  return { mask: mask & ~PROTECTED_POOL, bits: bits & ~PROTECTED_POOL, literals };
}

/** In C a tag of three letters ends in a zero byte; lists write it like one that ends in a space. */
function filledUp(key: number): number {
  let filled = key;
  for (let shift = 24; shift > 0 && key >>> shift === 0; shift -= 8) filled |= 0x20 << shift;
  return filled;
}

const BUILT_IN = new URL('../../../data/pooltag.txt', import.meta.url);

let builtIn: TagNameList | undefined;

/** The built-in list, read when it is first needed. */
export function builtInTags(): TagNameList {
  builtIn ??= new TagNameList(parsePooltag(readFileSync(BUILT_IN, 'utf8')).entries);
  return builtIn;
}

/** What the lists say about tags. The files given come before the built-in list, so that a file can correct it. */
export class KnownTags {
  private readonly lists: readonly TagNameList[];

  constructor(files: readonly PooltagFile[] = []) {
    this.lists = [new TagNameList(files.flatMap(({ entries }) => entries)), builtInTags()];
  }

  /** Null for a tag that is on no list. */
  find(key: number): KnownTag | null {
    for (const list of this.lists) {
      const known = list.find(key);
      if (known !== null) return known;
    }
    return null;
  }
}
