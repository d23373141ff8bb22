import { readFileSync } from 'node:fs';
import { parsePooltag, type PooltagFile } from './pooltag-file.js';
import { TagNameList, type KnownTag } from './tag-names.js';

const BUILT_IN = new URL('../../../data/pooltag.txt', import.meta.url);

let builtIn: TagNameList | undefined;

/** The built-in list, read when it is first asked for. */
export function builtInTags(): TagNameList {
  builtIn ??= new TagNameList(parsePooltag(readFileSync(BUILT_IN, 'utf8')).entries);
  return builtIn;
}

/** What lists say of tags: the files that were given before the built-in list, so that a file can correct it. */
export class KnownTags {
  private readonly lists: readonly TagNameList[];

  constructor(files: readonly PooltagFile[] = []) {
    this.lists = [new TagNameList(files.flatMap(({ entries }) => entries)), builtInTags()];
  }

  /** Null for a tag that no list has. */
  find(key: number): KnownTag | null {
    for (const list of this.lists) {
      const known = list.find(key);
      if (known !== null) return known;
    }
    return null;
  }
}
