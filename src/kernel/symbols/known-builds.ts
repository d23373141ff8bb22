import { readFile } from 'node:fs/promises';
import type { PdbIdentity } from '../pe.js';
import type { FieldOffsets, KernelSymbols, KernelVariable, StructureName } from './kernel-symbols.js';

interface KernelStructures {
  readonly families: Readonly<Record<string, Readonly<Partial<Record<StructureName, FieldOffsets>>>>>;
  readonly variables: Readonly<Record<string, Readonly<Partial<Record<KernelVariable, number>>>>>;
}

/** Made by scripts/make-kernel-structures.ts. */
const STRUCTURES_FILE = new URL('../../../data/kernel-structures.json', import.meta.url);

let loadedStructures: Promise<KernelStructures> | undefined;

function loadStructures(): Promise<KernelStructures> {
  loadedStructures ??= readFile(STRUCTURES_FILE, 'utf8').then((text) => JSON.parse(text) as KernelStructures);
  return loadedStructures;
}

/** `10.0.19041` of `10.0.19041.1466`: builds whose structures are laid out alike. */
export function buildFamily(version: string): string {
  return version.split('.').slice(0, 3).join('.');
}

/** The structures of a family as far as they are known: none for a family for which no symbol file was available. */
export async function familyStructures(
  family: string,
): Promise<Readonly<Partial<Record<StructureName, FieldOffsets>>>> {
  return (await loadStructures()).families[family] ?? {};
}

/**
 * Addresses, relative to the kernel's base, of variables that the list of known builds lacks; for a few exact builds.
 */
export async function furtherVariables(pdb: PdbIdentity): Promise<Readonly<Partial<Record<KernelVariable, number>>>> {
  return (await loadStructures()).variables[`${pdb.guid}-${pdb.age}`] ?? {};
}

type BuildRow = readonly [
  guid: string,
  age: number,
  version: string,
  entrySize: number,
  capacity: number,
  bigPages: number,
  eprocess: number,
  ...rvas: (number | null)[],
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
  const rva: Partial<Record<KernelVariable, number>> = { ...(await furtherVariables(pdb)) };
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
