import { readFile } from 'node:fs/promises';
import { buildFamily, familyStructures, furtherVariables } from '../build-family.js';
import type { PdbIdentity } from '../code-view.js';
import type { FieldOffsets } from './kernel-symbols.js';
import type { KernelSymbols, KernelVariable } from '../kernel-symbols.js';

type BuildRow = readonly [
  guid: string, age: number, version: string, entrySize: number, capacity: number,
  bigPages: number, eprocess: number, ...rvas: (number | null)[],
];

interface KnownBuilds {
  readonly symbols: readonly KernelVariable[];
  readonly bigPages: readonly FieldOffsets[];
  readonly eprocess: readonly FieldOffsets[];
  readonly builds: readonly BuildRow[];
}

/** Made by scripts/make-known-builds.ts. */
const BUILDS_FILE = new URL('../../../data/known-builds.json', import.meta.url);

let loadedBuilds: Promise<KnownBuilds> | undefined;

function loadBuilds(): Promise<KnownBuilds> {
  loadedBuilds ??= readFile(BUILDS_FILE, 'utf8').then((text) => JSON.parse(text) as KnownBuilds);
  return loadedBuilds;
}

/** The built-in entry for a kernel's PDB; null for a build that is not in the list. */
export async function knownBuild(pdb: PdbIdentity): Promise<KernelSymbols | null> {
  const list = await loadBuilds();
  const row = list.builds.find(([guid, age]) => guid === pdb.guid && age === pdb.age);
  if (row === undefined) return null;
  const [, , version, trackerEntrySize, tagTablesCapacity, bigPages, eprocess, ...rvas] = row;
  const rva: Partial<Record<KernelVariable, number>> = { ...await furtherVariables(pdb) };
  list.symbols.forEach((symbol, index) => {
    const value = rvas[index];
    if (typeof value === 'number') rva[symbol] = value;
  });
  const family = await familyStructures(buildFamily(version));
  return {
    origin: 'known-build',
    source: 'built-in list of kernel builds',
    version,
    trackerEntrySize,
    tagTablesCapacity,
    rva,
    structures: {
      ...family,
      bigPagesEntry: { ...family.bigPagesEntry, ...list.bigPages[bigPages] },
      eprocess: { ...family.eprocess, ...list.eprocess[eprocess] },
    },
  };
}
