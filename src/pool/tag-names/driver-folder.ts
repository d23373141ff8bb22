import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { isWithin } from '../../source/within.js';

/** A file below a folder of drivers, driver or not. */
export interface FolderFile {
  /** From the folder on, with slashes. */
  readonly path: string;
  readonly size: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modified: number;
}

export interface FolderFiles {
  /** By path. */
  readonly files: readonly FolderFile[];
  /** One line for each thing that could not be looked at. */
  readonly notes: readonly string[];
}

/** A DriverStore has some 30,000 files in some 3,000 folders; System32 as many files. */
const MAX_FILES = 200_000;
const MAX_FOLDERS = 50_000;
/** Windows allows paths of 32,767 characters, but nobody keeps drivers this deep. */
const MAX_DEPTH = 64;

/** Folders whose files are asked for at the same time. */
const AT_ONCE = 16;

interface Entry {
  readonly path: string;
  readonly depth: number;
  readonly found: BigIntStats;
}

/**
 * Every file below a folder. Links are followed, each folder and file is taken once: one that leads back to the top is no
 * circle, and a file of two names has one.
 * @param within where links may lead; anywhere by default
 * @throws PoolTrackerError SOURCE_UNREADABLE when the folder itself cannot be read
 */
export async function filesBelow(folder: string, within?: readonly string[]): Promise<FolderFiles> {
  const files: FolderFile[] = [];
  const notes: string[] = [];
  const seen = new Set<string>();
  const waiting: Pick<Entry, 'path' | 'depth'>[] = [{ path: '', depth: 0 }];
  let folders = 0;
  while (waiting.length > 0) {
    const entries = await Promise.all(
      waiting.splice(0, AT_ONCE).map((below) => entriesOf(folder, below, notes, within)),
    );
    for (const { path, depth, found } of entries.flat()) {
      // Not every file system numbers its files; there the path without links tells.
      const identity = found.ino === 0n ? await realpath(join(folder, path)) : `${found.dev}:${found.ino}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
      if (found.isFile()) {
        if (files.length === MAX_FILES) return { files, notes: [...notes, tooMany(folder, `${MAX_FILES} files`)] };
        files.push({ path, size: Number(found.size), modified: Number(found.mtimeMs) });
      } else if (depth > MAX_DEPTH)
        notes.push(`${join(folder, path)}: more than ${MAX_DEPTH} folders deep, not entered`);
      else if (++folders > MAX_FOLDERS) return { files, notes: [...notes, tooMany(folder, `${MAX_FOLDERS} folders`)] };
      else waiting.push({ path, depth });
    }
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), notes };
}

/** The files and folders in a folder, by name; for what cannot be read a note. */
async function entriesOf(
  folder: string,
  { path: below, depth }: Pick<Entry, 'path' | 'depth'>,
  notes: string[],
  within: readonly string[] | undefined,
): Promise<Entry[]> {
  const members = await readdir(join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    const message = `cannot read the directory ${join(folder, below)}: ${messageOf(error)}`;
    if (below === '') throw new PoolTrackerError('SOURCE_UNREADABLE', message, { cause: error });
    notes.push(message);
    return [];
  });
  const entries = members.sort(byName).map(async (member): Promise<Entry[]> => {
    const path = below === '' ? member.name : `${below}/${member.name}`;
    try {
      if (member.isSymbolicLink() && within !== undefined && !(await isWithin(join(folder, path), within))) {
        notes.push(`${join(folder, path)} is a link to a place that may not be read: it is not followed`);
        return [];
      }
      const found = await stat(join(folder, path), { bigint: true });
      return found.isFile() || found.isDirectory() ? [{ path, depth: depth + 1, found }] : [];
    } catch (error) {
      notes.push(`cannot read ${join(folder, path)}: ${messageOf(error)}`);
      return [];
    }
  });
  return (await Promise.all(entries)).flat();
}

function byName(one: Dirent, other: Dirent): number {
  return one.name < other.name ? -1 : 1;
}

function tooMany(folder: string, what: string): string {
  return `${folder} has more than ${what} below it: the rest is not searched`;
}
