import { readFile } from 'node:fs/promises';
import type { PdbIdentity } from './code-view.js';
import type { FieldOffsets, StructureName } from './symbols/kernel-symbols.js';
import type { KernelVariable } from './kernel-symbols.js';

interface KernelStructures {
  readonly families: Readonly<Record<string, Readonly<Partial<Record<StructureName, FieldOffsets>>>>>;
  readonly variables: Readonly<Record<string, Readonly<Partial<Record<KernelVariable, number>>>>>;
}

/** Made by scripts/make-kernel-structures.ts. */
const STRUCTURES_FILE = new URL('../../data/kernel-structures.json', import.meta.url);

let loadedStructures: Promise<KernelStructures> | undefined;

function loadStructures(): Promise<KernelStructures> {
  loadedStructures ??= readFile(STRUCTURES_FILE, 'utf8').then((text) => JSON.parse(text) as KernelStructures);
  return loadedStructures;
}

/** `10.0.19041` of `10.0.19041.1466`: builds whose structures are laid out alike. */
export function buildFamily(version: string): string {
  return version.split('.').slice(0, 3).join('.');
}

/** The structures of a family as far as they are known: none for a family that no symbol file was at hand of. */
export async function familyStructures(family: string): Promise<Readonly<Partial<Record<StructureName, FieldOffsets>>>> {
  return (await loadStructures()).families[family] ?? {};
}

/** Addresses of the variables that the list of known builds lacks, relative to the kernel's base; for a few exact builds. */
export async function furtherVariables(pdb: PdbIdentity): Promise<Readonly<Partial<Record<KernelVariable, number>>>> {
  return (await loadStructures()).variables[`${pdb.guid}-${pdb.age}`] ?? {};
}
