import type { PdbIdentity } from '../code-view.js';
import { KERNEL_STRUCTURES, type FieldOffsets, type StructureName } from './kernel-symbols.js';
import { KERNEL_VARIABLES, MOST_TAG_TABLES, type KernelSymbols, type KernelVariable } from '../kernel-symbols.js';
import { damagedSymbolFile, type SymbolDocument } from '../symbol-document.js';

/** A symbol's address is relative to the image's base; no kernel image is larger than this. */
const LARGEST_RVA = 2 ** 31;

function numberIn(value: unknown, name: string): number | null {
  if (typeof value !== 'object' || value === null) return null;
  const number = (value as Record<string, unknown>)[name];
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < LARGEST_RVA ? number : null;
}

function fieldOffsets(type: unknown, wanted: readonly string[]): FieldOffsets {
  const size = numberIn(type, 'size');
  const offsets: Record<string, number> = size === null ? {} : { size };
  const fields = (type as { fields?: unknown }).fields;
  if (typeof fields !== 'object' || fields === null) return offsets;
  for (const name of wanted) {
    const field = (fields as Record<string, unknown>)[name];
    const offset = numberIn(field, 'offset');
    if (offset === null) continue;
    offsets[name] = offset;
    const fieldType = (field as { type?: unknown }).type;
    const bit = numberIn(fieldType, 'bit_position');
    const bits = numberIn(fieldType, 'bit_length');
    if (bit !== null && bits !== null) Object.assign(offsets, { [`${name}.bit`]: bit, [`${name}.bits`]: bits });
  }
  return offsets;
}

/** Which PDB a symbol document was made of; null when it does not say. */
export async function pdbOfDocument(document: SymbolDocument): Promise<PdbIdentity | null> {
  for await (const [name, value] of document.entries('metadata')) {
    const pdb = name === 'windows' ? (value as { pdb?: unknown } | null)?.pdb : undefined;
    if (typeof pdb !== 'object' || pdb === null) continue;
    const { GUID, age, database } = pdb as Record<string, unknown>;
    if (typeof GUID !== 'string' || typeof age !== 'number') continue;
    return { guid: GUID.toUpperCase(), age, name: typeof database === 'string' ? database : '' };
  }
  return null;
}

/**
 * Takes from a Volatility 3 symbol document what finding the tables, and reading objects beside them, needs.
 * @throws PoolTrackerError SYMBOL_FILE_DAMAGED when it lacks PoolTrackTable or the entry's type
 */
export async function resolveSymbols(document: SymbolDocument, path: string): Promise<KernelSymbols> {
  const wanted = new Set<string>(KERNEL_VARIABLES);
  const rva: Partial<Record<KernelVariable, number>> = {};
  const addresses: number[] = [];
  for await (const [name, symbol] of document.entries('symbols')) {
    const address = numberIn(symbol, 'address');
    if (address === null) continue;
    addresses.push(address);
    if (wanted.has(name)) rva[name as KernelVariable] = address;
  }
  const structures: Partial<Record<StructureName, FieldOffsets>> = {};
  for await (const [name, type] of document.entries('user_types')) {
    const known = Object.hasOwn(KERNEL_STRUCTURES, name) ? KERNEL_STRUCTURES[name] : undefined;
    if (known !== undefined && typeof type === 'object' && type !== null) structures[known.name] = fieldOffsets(type, known.fields);
  }
  const entrySize = structures.trackerEntry?.size;
  if (rva.PoolTrackTable === undefined) throw damagedSymbolFile(path, 'it has no symbol PoolTrackTable');
  if (entrySize === undefined) throw damagedSymbolFile(path, 'it has no type _POOL_TRACKER_TABLE');
  return {
    origin: 'symbols',
    source: path,
    version: null,
    trackerEntrySize: entrySize,
    tagTablesCapacity: capacity(rva.ExPoolTagTables, addresses),
    rva,
    structures,
  };
}

function capacity(start: number | undefined, addresses: readonly number[]): number {
  if (start === undefined) return 0;
  let next = start + MOST_TAG_TABLES * 8;
  for (const address of addresses) {
    if (address > start && address < next) next = address;
  }
  return Math.floor((next - start) / 8);
}
