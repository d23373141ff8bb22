import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openSource } from '../../../source/open-source.js';
import type { LocationOptions } from '../../../source/source-scheme.js';
import { readBytes } from '../../../source/source.js';
import type { PdbIdentity } from '../../pe.js';

/** GUID and age, the age in hexadecimal without leading zeros: the folder of a PDB in a store. */
export function storeKey({ guid, age }: PdbIdentity): string {
  return `${guid}${age.toString(16).toUpperCase()}`;
}

/** The name of the packed form: its last letter is an underscore. */
export function packedName(name: string): string {
  return `${name.slice(0, -1)}_`;
}

/** Where a store keeps a file: `ntkrnlmp.pdb/GUIDAGE/ntkrnlmp.pdb`. */
export function storePath(pdb: PdbIdentity, file = pdb.name): string[] {
  return [pdb.name, storeKey(pdb), file];
}

/** A name that is one part of a path and no more: an image names its PDB itself. */
export function isPlainName(name: string): boolean {
  return /^[^/\\:*?"<>|]+$/.test(name) && !/^\.+$/.test(name) && name.length <= 128;
}

/** Whether a file lies at a path. */
export const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** A pointer file holds a path, or `PATH:` and one. */
export function pointerIn(text: string): string | null {
  const path = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/, 1)[0]!
    .trim()
    .replace(/^PATH:/i, '');
  return path === '' || /^MSG:/i.test(path) ? null : path;
}

/** A pointer file holds one path. */
export const MAX_POINTER = 4096;

async function readPointer(path: string, options: LocationOptions): Promise<string | null> {
  if (!(await isFile(path))) return null;
  const file = await openSource(path, options);
  try {
    return pointerIn((await readBytes(file, 0, MAX_POINTER)).toString('utf8'));
  } finally {
    await file.close();
  }
}

/** A store may have one level more, the first two letters of the name: `index2.txt` in its root says so. */
async function rootsOf(store: string, name: string): Promise<string[]> {
  const isTwoTier = await isFile(join(store, 'index2.txt'));
  return isTwoTier ? [join(store, name.slice(0, 2).toLowerCase()), store] : [store];
}

/** The PDB in a local store: plain, packed, or where a pointer file leads; null when it is not there. */
export async function findInStore(
  store: string,
  pdb: PdbIdentity,
  options: LocationOptions = {},
): Promise<string | null> {
  for (const root of await rootsOf(store, pdb.name)) {
    for (const key of [storeKey(pdb), storeKey(pdb).toLowerCase()]) {
      const folder = join(root, pdb.name, key);
      for (const name of [pdb.name, packedName(pdb.name)])
        if (await isFile(join(folder, name))) return join(folder, name);
      const target = await readPointer(join(folder, 'file.ptr'), options).catch(() => null);
      if (target !== null && (await isFile(target))) return target;
    }
  }
  return null;
}
