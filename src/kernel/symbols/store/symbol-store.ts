import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../../../errors.js';
import { locationName } from '../../../source/source.js';
import { isWithin } from '../../../source/within.js';
import { isSamePdb, type PdbIdentity } from '../../pe.js';
import { openSymbolFile } from '../symbol-file.js';
import { writeWhole } from '../../../cached-file.js';
import { findInStore, isFile, isPlainName, storeKey, storePath } from './store-layout.js';
import { isWebStore, parseSymbolPath, type SymbolPlace } from './symbol-path.js';
import { fetchFromServer } from './symbol-server.js';

export { storeKey } from './store-layout.js';

/** A place that was asked for a PDB, and what came of it. */
export interface Asked {
  /** A folder, a store, or a URL without credentials. */
  readonly place: string;
  /** The file; null when it is not there, or cannot be used. */
  readonly path: string | null;
  /** In one line. */
  readonly outcome: string;
}

export interface StoreSearch {
  /** The file that holds the PDB: its own identity was checked. */
  readonly path: string | null;
  readonly asked: readonly Asked[];
}

export interface StoreOptions {
  /** Whether web stores are asked; else they are only named. True by default: a path with one was given on purpose. */
  readonly fetch?: boolean;
  /** Files and folders in which files must lie, those that are written too, through links as well; anywhere by default. */
  readonly within?: readonly string[];
}

type Reach = Pick<StoreOptions, 'within'>;

/** Whether a file is this PDB, by what it says itself; else why not. */
async function verified(path: string, pdb: PdbIdentity, reach: Reach): Promise<string | null> {
  try {
    const file = await openSymbolFile(path, reach);
    await file.close();
    const { identity } = file;
    if (identity === null) return 'it does not say which PDB it is';
    return isSamePdb(identity, pdb) ? null : `it is another PDB: ${storeKey(identity)}, not ${storeKey(pdb)}`;
  } catch (error) {
    return messageOf(error);
  }
}

async function askFolder(folder: string, pdb: PdbIdentity, reach: Reach): Promise<Asked> {
  const own = join(folder, pdb.name);
  const path = (await isFile(own)) ? own : await findInStore(folder, pdb, reach);
  if (path === null) return { place: folder, path: null, outcome: 'it is not there' };
  const wrong = await verified(path, pdb, reach);
  return { place: folder, path: wrong === null ? path : null, outcome: wrong ?? path };
}

async function askServer(store: string, near: string | undefined, pdb: PdbIdentity, reach: Reach): Promise<Asked> {
  const place = locationName(store);
  if (near === undefined || isWebStore(near))
    return { place, path: null, outcome: 'no local store stands before it, where the file could be kept' };
  if (!(await mayWrite(near, pdb, reach)))
    return { place, path: null, outcome: `${near} leads to a place that may not be written to` };
  try {
    const fetched = await fetchFromServer(store, pdb, near);
    if ('missing' in fetched) return { place, path: null, outcome: fetched.missing };
    const wrong = await verified(fetched.path, pdb, reach);
    if (wrong === null) return { place, path: fetched.path, outcome: fetched.path };
    await rm(fetched.path, { force: true });
    return { place, path: null, outcome: wrong };
  } catch (error) {
    return { place, path: null, outcome: `it cannot be asked: ${messageOf(error)}` };
  }
}

/** Whether a file of the PDB lies in the bounds when it is put into a store: a folder in it may be a link. */
async function mayWrite(store: string, pdb: PdbIdentity, { within }: Reach): Promise<boolean> {
  return within === undefined || isWithin(join(store, ...storePath(pdb)), within);
}

/** Copies a file that a farther store had into the nearer ones; one that cannot be written to only costs time. */
async function copyNearer(path: string, stores: readonly string[], pdb: PdbIdentity, reach: Reach): Promise<void> {
  for (const store of stores) {
    const target = join(store, ...storePath(pdb, basename(path)));
    if (isWebStore(store) || target === path || !(await mayWrite(store, pdb, reach))) continue;
    await writeWhole(target, createReadStream(path)).catch(() => undefined);
  }
}

async function* askPlace(place: SymbolPlace, pdb: PdbIdentity, mayFetch: boolean, reach: Reach): AsyncGenerator<Asked> {
  if (place.kind === 'folder') return yield await askFolder(place.path, pdb, reach);
  for (const [index, store] of place.stores.entries()) {
    const nearer = place.stores.slice(0, index);
    const asked = !isWebStore(store)
      ? await askFolder(store, pdb, reach)
      : mayFetch
        ? await askServer(store, nearer.at(-1), pdb, reach)
        : { place: locationName(store), path: null, outcome: 'it was not asked: --fetch does' };
    if (asked.path !== null) await copyNearer(asked.path, isWebStore(store) ? nearer.slice(0, -1) : nearer, pdb, reach);
    yield asked;
  }
}

/**
 * Looks for a PDB in the places of a symbol path, in order. A file counts when GUID and age in it are those that are
 * wanted.
 * @param path in the syntax of _NT_SYMBOL_PATH
 */
export async function findInSymbolPath(
  path: string,
  pdb: PdbIdentity,
  { fetch = true, ...reach }: StoreOptions = {},
): Promise<StoreSearch> {
  const asked: Asked[] = [];
  // The image names the file: it must not name a place.
  if (!isPlainName(pdb.name)) return { path: null, asked };
  for (const place of parseSymbolPath(path))
    for await (const one of askPlace(place, pdb, fetch, reach)) {
      asked.push(one);
      if (one.path !== null) return { path: one.path, asked };
    }
  return { path: null, asked };
}
