import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cachePath, readCachedValue, writeCachedValue } from '../../cached-file.js';
import { messageOf } from '../../errors.js';
import { Plugged } from '../../plugged.js';
import { isSamePdb, type PdbIdentity } from '../pe.js';
import type { KernelSymbols } from './kernel-symbols.js';
import { knownBuild } from './known-builds.js';
import { damagedSymbolFile } from './symbol-facts.js';
import { defaultStore } from './store/symbol-path.js';
import { findInSymbolPath } from './store/symbol-store.js';
import { openSymbolFile, SYMBOL_FILE } from './symbol-file.js';

export { KernelLayout, type KnownFields } from './kernel-layout.js';
export { type DebuggerDataBlock, findDebuggerDataBlock } from './debugger-data-block.js';
export {
  type FieldOffsets,
  KERNEL_VARIABLES,
  type KernelSymbols,
  type KernelVariable,
  MAX_TAG_TABLES,
  STRUCTURE_NAMES,
  type StructureName,
  type Structures,
} from './kernel-symbols.js';
export { exportedSymbols } from './exported-symbols.js';
export { type Asked, findInSymbolPath, storeKey } from './store/symbol-store.js';
export { buildFamily, familyStructures, knownBuild } from './known-builds.js';

/** Bumped when KernelSymbols changes, so that older entries are ignored. */
const VERSION = 4;

function entryOf(pdb: PdbIdentity): string {
  return cachePath('symbols', `v${VERSION}`, `${pdb.guid}-${pdb.age}.json`);
}

/** What an earlier run resolved for this PDB; null when there is nothing, or it is damaged. */
export async function readCachedSymbols(pdb: PdbIdentity): Promise<KernelSymbols | null> {
  return (await readCachedValue(entryOf(pdb))) as KernelSymbols | null;
}

/** Caches what was resolved. */
export function writeCachedSymbols(pdb: PdbIdentity, symbols: KernelSymbols): Promise<void> {
  return writeCachedValue(entryOf(pdb), symbols);
}

/** Where symbols are looked for. */
export interface SymbolOptions {
  /** Whether the built-in lists of kernel builds are used; true by default. */
  readonly knownBuilds?: boolean;
  /** A symbol file (PDB, ISF, Rekall profile, what was exported), or a directory of them, as a symbol store. */
  readonly symbols?: string;
  /** Stores and folders of symbols in the syntax of _NT_SYMBOL_PATH, servers of the web among them. */
  readonly symbolPath?: string;
  /** Whether what is resolved is cached for the next run; true by default. */
  readonly cache?: boolean;
  /** Files and folders in which symbol files must lie, through links as well; anywhere by default. */
  readonly within?: readonly string[];
}

/** How far the places of symbols may lead. */
type Reach = Pick<SymbolOptions, 'within'>;

function reachOf({ within }: SymbolOptions): Reach {
  return within === undefined ? {} : { within };
}

/** A place that symbols come from. To add one: a file, and a line in the list below; or a plug-in. */
export interface SymbolSource {
  /** Stable, kebab-case. */
  readonly name: string;
  /**
   * The kernel's symbols, or null when this source has none for it.
   * @param note told, in one line, where symbols were looked for in vain
   */
  find(pdb: PdbIdentity, options: SymbolOptions, note?: (line: string) => void): Promise<KernelSymbols | null>;
}

const GUID_IN_NAME = /[0-9a-f]{32}/i;
const MAX_FILES = 100_000;
/** Maximum number of files that are opened because their names do not contain a GUID. */
const MAX_OPENED = 256;

const builtInList: SymbolSource = {
  name: 'known-build',
  find: async (pdb, { knownBuilds = true }) => (knownBuilds ? knownBuild(pdb) : null),
};

const symbolFile: SymbolSource = {
  name: 'symbol-file',
  async find(pdb, options) {
    const { symbols, cache = true } = options;
    if (symbols === undefined) return null;
    const isDirectory = await stat(symbols)
      .then((found) => found.isDirectory())
      .catch((error: unknown) => {
        throw damagedSymbolFile(symbols, messageOf(error), error);
      });
    const cached = cache ? await readCachedSymbols(pdb) : null;
    if (cached !== null) return cached;
    const resolved = isDirectory
      ? await fromDirectory(symbols, pdb, reachOf(options))
      : await fromFile(symbols, pdb, reachOf(options));
    if (resolved !== null && cache) await writeCachedSymbols(pdb, resolved);
    return resolved;
  },
};

const symbolStore: SymbolSource = {
  name: 'symbol-store',
  async find(pdb, options, note) {
    const { symbolPath, cache = true, within } = options;
    if (symbolPath === undefined) return null;
    // An empty store in a path is this machine's own.
    const reach = within === undefined ? {} : { within: [...within, defaultStore()] };
    const cached = cache ? await readCachedSymbols(pdb) : null;
    if (cached !== null) return cached;
    const { path, asked } = await findInSymbolPath(symbolPath, pdb, reach);
    if (path === null) {
      for (const { place, outcome } of asked) note?.(`no symbols from ${place}: ${outcome}`);
      return null;
    }
    const resolved = await fromFile(path, pdb, reach).catch((error: unknown) => {
      note?.(messageOf(error));
      return null;
    });
    if (resolved !== null && cache) await writeCachedSymbols(pdb, resolved);
    return resolved;
  },
};

/** Tried in this order: when the hash law does not prove the result of one, the next is tried. */
export const SYMBOL_SOURCES: readonly SymbolSource[] = [builtInList, symbolFile, symbolStore];

/** Sources of plug-ins, which are asked behind ours. */
export const PLUGGED_SYMBOL_SOURCES = new Plugged<SymbolSource>();

/** Every source, in the order in which they are tried. */
export function symbolSources(): readonly SymbolSource[] {
  return [...SYMBOL_SOURCES, ...PLUGGED_SYMBOL_SOURCES.all];
}

/** Symbols from a file that says that it is of this PDB, or does not say of which. */
async function fromFile(path: string, pdb: PdbIdentity, reach: Reach): Promise<KernelSymbols | null> {
  const file = await openSymbolFile(path, reach);
  try {
    const { identity } = file;
    return identity !== null && !isSamePdb(identity, pdb) ? null : await file.resolve();
  } finally {
    await file.close();
  }
}

async function fromDirectory(directory: string, pdb: PdbIdentity, reach: Reach): Promise<KernelSymbols | null> {
  const files = (await readdir(directory, { recursive: true }))
    .slice(0, MAX_FILES)
    .filter((name) => SYMBOL_FILE.test(name))
    .sort();
  // A name, or a folder as symbol stores have them: ntkrnlmp.pdb/GUIDAGE/ntkrnlmp.pdb.
  const named = files.filter((name) => name.toUpperCase().includes(pdb.guid));
  const unnamed = files.filter((name) => !GUID_IN_NAME.test(name)).slice(0, MAX_OPENED);
  for (const name of named) {
    const found = await fromFile(join(directory, name), pdb, reach);
    if (found !== null) return found;
  }
  for (const name of unnamed) {
    const path = join(directory, name);
    const file = await openSymbolFile(path, reach).catch(() => null);
    const isWanted = file !== null && file.identity !== null && isSamePdb(file.identity, pdb);
    await file?.close();
    if (isWanted) return fromFile(path, pdb, reach);
  }
  return null;
}
