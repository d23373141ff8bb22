import type { PdbIdentity } from '../pe.js';
import {
  debuggerName,
  type FieldOffsets,
  KERNEL_STRUCTURES,
  KERNEL_VARIABLES,
  type KernelSymbols,
  type KernelVariable,
  type StructureName,
} from './kernel-symbols.js';
import { asOffset, isObject, membersOf, type SymbolDocument } from './symbol-document.js';
import { damagedSymbolFile } from './symbol-facts.js';

/**
 * The few offsets of a kernel that are needed, as a small document that can be carried to a machine without network:
 *
 *     {"pool_tracker_symbols": {"version": 1},
 *      "pdb": {"name": "ntkrnlmp.pdb", "guid": "…", "age": 1},
 *      "kernel": {"tag_tables_capacity": 1280},
 *      "variables": {"PoolTrackTable": 12345678},
 *      "structures": {"_POOL_TRACKER_TABLE": {"size": 56}}}
 */
const FORMAT_VERSION = 1;

/** The document of what symbols say of a kernel. */
export function exportedSymbols(pdb: PdbIdentity, symbols: KernelSymbols): object {
  const { version, tagTablesCapacity, trackerEntrySize, rva, structures } = symbols;
  const all = { ...structures, trackerEntry: { ...structures.trackerEntry, size: trackerEntrySize } };
  return {
    pool_tracker_symbols: { version: FORMAT_VERSION },
    pdb: { name: pdb.name, guid: pdb.guid, age: pdb.age },
    kernel: { version, tag_tables_capacity: tagTablesCapacity },
    variables: rva,
    structures: Object.fromEntries(
      Object.entries(all).map(([name, fields]) => [debuggerName(name as StructureName), fields]),
    ),
  };
}

/** Whether a document is one of these. */
export async function isExported(document: SymbolDocument): Promise<boolean> {
  return 'version' in (await membersOf(document, 'pool_tracker_symbols'));
}

/** Which PDB it was made from; null when it does not say. */
export async function pdbOfExported(document: SymbolDocument): Promise<PdbIdentity | null> {
  const { name, guid, age } = await membersOf(document, 'pdb');
  if (typeof guid !== 'string' || typeof age !== 'number') return null;
  return { name: typeof name === 'string' ? name : '', guid: guid.toUpperCase(), age };
}

function offsetsIn(members: unknown): FieldOffsets {
  const offsets: Record<string, number> = {};
  for (const [name, value] of Object.entries(isObject(members) ? members : {})) {
    const offset = asOffset(value);
    if (offset !== null) offsets[name] = offset;
  }
  return offsets;
}

/** @throws PoolTrackerError SYMBOL_FILE_DAMAGED when it is of a later version, or lacks what is needed */
export async function resolveExported(document: SymbolDocument, path: string): Promise<KernelSymbols> {
  const { version: format } = await membersOf(document, 'pool_tracker_symbols');
  if (format !== FORMAT_VERSION)
    throw damagedSymbolFile(path, `it is of version ${String(format)}; expected ${FORMAT_VERSION}`);
  const { version, tag_tables_capacity: capacity } = await membersOf(document, 'kernel');
  const all = offsetsIn(await membersOf(document, 'variables'));
  const rva: Partial<Record<KernelVariable, number>> = {};
  for (const name of KERNEL_VARIABLES) if (all[name] !== undefined) rva[name] = all[name];
  const structures: Partial<Record<StructureName, FieldOffsets>> = {};
  for await (const [name, fields] of document.entries('structures')) {
    const known = Object.hasOwn(KERNEL_STRUCTURES, name) ? KERNEL_STRUCTURES[name] : undefined;
    if (known !== undefined) structures[known.name] = offsetsIn(fields);
  }
  const trackerEntrySize = structures.trackerEntry?.size;
  if (rva.PoolTrackTable === undefined) throw damagedSymbolFile(path, 'it has no variable PoolTrackTable');
  if (trackerEntrySize === undefined) throw damagedSymbolFile(path, 'it has no size of _POOL_TRACKER_TABLE');
  return {
    origin: 'symbols',
    source: path,
    version: typeof version === 'string' ? version : null,
    trackerEntrySize,
    tagTablesCapacity: asOffset(capacity) ?? 0,
    rva,
    structures,
  };
}
