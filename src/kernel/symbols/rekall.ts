import type { PdbIdentity } from '../pe.js';
import {
  type FieldOffsets,
  KERNEL_STRUCTURES,
  KERNEL_VARIABLES,
  type KernelSymbols,
  type KernelVariable,
  type StructureName,
} from './kernel-symbols.js';
import { asOffset, isObject, membersOf, numberIn, type SymbolDocument } from './symbol-document.js';
import { kernelSymbols } from './symbol-facts.js';

/** `<GUID><age>`, the age in hexadecimal. */
const GUID_AGE = /^([0-9a-f]{32})([0-9a-f]{1,8})$/i;

/** A LIST_ENTRY of a 32-bit kernel. */
const TWO_NARROW_POINTERS = 8;

/** Whether a document is a Rekall profile: it has constants or structures by Rekall's names of these sections. */
export async function isRekallProfile(document: SymbolDocument): Promise<boolean> {
  for (const section of ['$CONSTANTS', '$STRUCTS', '$METADATA'])
    for await (const [] of document.entries(section)) return true;
  return false;
}

/** Which PDB a profile was made from; null when it does not say. */
export async function pdbOfProfile(document: SymbolDocument): Promise<PdbIdentity | null> {
  const { GUID_AGE: key, PDBFile: name } = await membersOf(document, '$METADATA');
  const [, guid, age] = typeof key === 'string' ? (GUID_AGE.exec(key) ?? []) : [];
  if (guid === undefined || age === undefined) return null;
  return { guid: guid.toUpperCase(), age: parseInt(age, 16), name: typeof name === 'string' ? name : '' };
}

/** `[size, {field: [offset, [type, arguments]]}]`. */
function fieldOffsets(structure: unknown, wanted: readonly string[]): FieldOffsets {
  const [size, fields] = Array.isArray(structure) ? (structure as readonly unknown[]) : [];
  const ownSize = asOffset(size);
  const offsets: Record<string, number> = ownSize === null ? {} : { size: ownSize };
  for (const name of wanted) {
    const field = isObject(fields) ? fields[name] : undefined;
    const [at, type] = Array.isArray(field) ? (field as readonly unknown[]) : [];
    const offset = asOffset(at);
    if (offset === null) continue;
    offsets[name] = offset;
    const [kind, more] = Array.isArray(type) ? (type as readonly unknown[]) : [];
    const [first, end] = kind === 'BitField' ? [numberIn(more, 'start_bit'), numberIn(more, 'end_bit')] : [null, null];
    if (first !== null && end !== null && end > first)
      Object.assign(offsets, { [`${name}.bit`]: first, [`${name}.bits`]: end - first });
  }
  return offsets;
}

/**
 * Extracts from a Rekall profile what is needed to find the tables and to read kernel objects.
 * @throws PoolTrackerError SYMBOL_FILE_DAMAGED when it lacks PoolTrackTable or the entry's type
 */
export async function resolveProfile(document: SymbolDocument, path: string): Promise<KernelSymbols> {
  const wanted = new Set<string>(KERNEL_VARIABLES);
  const rva: Partial<Record<KernelVariable, number>> = {};
  const addresses: number[] = [];
  for (const section of ['$CONSTANTS', '$FUNCTIONS'])
    for await (const [name, value] of document.entries(section)) {
      const address = asOffset(value);
      if (address === null) continue;
      addresses.push(address);
      if (wanted.has(name)) rva[name as KernelVariable] = address;
    }
  const structures: Partial<Record<StructureName, FieldOffsets>> = {};
  let isNarrow = (await membersOf(document, '$METADATA')).arch === 'I386';
  for await (const [name, structure] of document.entries('$STRUCTS')) {
    if (name === '_LIST_ENTRY') isNarrow ||= fieldOffsets(structure, []).size === TWO_NARROW_POINTERS;
    const known = Object.hasOwn(KERNEL_STRUCTURES, name) ? KERNEL_STRUCTURES[name] : undefined;
    if (known !== undefined) structures[known.name] = fieldOffsets(structure, known.fields);
  }
  return kernelSymbols(path, { pointerSize: isNarrow ? 4 : 8, addresses, rva, structures });
}
