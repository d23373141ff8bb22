import type { PdbIdentity } from '../pe.js';
import {
  type FieldOffsets,
  KERNEL_STRUCTURES,
  KERNEL_VARIABLES,
  type KernelSymbols,
  type KernelVariable,
  type StructureName,
} from './kernel-symbols.js';
import { numberIn, type SymbolDocument } from './symbol-document.js';
import { kernelSymbols } from './symbol-facts.js';

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

/** Which PDB a symbol document was made from; null when it does not say. */
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
 * Extracts from a Volatility 3 symbol document what is needed to find the tables and to read kernel objects.
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
    if (known !== undefined && typeof type === 'object' && type !== null)
      structures[known.name] = fieldOffsets(type, known.fields);
  }
  return kernelSymbols(path, { pointerSize: await pointerSizeOf(document), addresses, rva, structures });
}

/** Bytes of a pointer; 8 where the document does not say. */
async function pointerSizeOf(document: SymbolDocument): Promise<number> {
  for await (const [name, type] of document.entries('base_types'))
    if (name === 'pointer' && numberIn(type, 'size') === 4) return 4;
  return 8;
}
