import {
  type FieldOffsets,
  type KernelSymbols,
  type KernelVariable,
  MAX_TAG_TABLES,
  type StructureName,
} from './kernel-symbols.js';
import { PoolTrackerError } from '../../errors.js';

/** What a symbol file of any format says of a kernel, as far as it is needed. */
export interface SymbolFacts {
  readonly pointerSize: number;
  /** Addresses of all symbols, relative to the kernel's base: the next one bounds a variable. */
  readonly addresses: readonly number[];
  readonly rva: Readonly<Partial<Record<KernelVariable, number>>>;
  readonly structures: Readonly<Partial<Record<StructureName, FieldOffsets>>>;
}

export function damagedSymbolFile(path: string, why: string, cause?: unknown): PoolTrackerError {
  return new PoolTrackerError('SYMBOL_FILE_DAMAGED', `cannot use symbol file ${path}: ${why}`, {
    hint: 'expected a .pdb or .pd_ file, a Volatility 3 symbol file (ISF), a Rekall profile, or what symbols export wrote',
    cause,
  });
}

/** @throws PoolTrackerError SYMBOL_FILE_DAMAGED without PoolTrackTable or the entry's type */
export function kernelSymbols(path: string, { pointerSize, addresses, rva, structures }: SymbolFacts): KernelSymbols {
  const entrySize = structures.trackerEntry?.size;
  if (rva.PoolTrackTable === undefined) throw damagedSymbolFile(path, 'it has no symbol PoolTrackTable');
  if (entrySize === undefined) throw damagedSymbolFile(path, 'it has no type _POOL_TRACKER_TABLE');
  return {
    origin: 'symbols',
    source: path,
    version: null,
    trackerEntrySize: entrySize,
    tagTablesCapacity: capacity(rva.ExPoolTagTables, addresses, pointerSize),
    rva,
    structures,
  };
}

/** Pointers between a symbol and the next one. */
function capacity(start: number | undefined, addresses: readonly number[], pointerSize: number): number {
  if (start === undefined) return 0;
  let next = start + MAX_TAG_TABLES * pointerSize;
  for (const address of addresses) {
    if (address > start && address < next) next = address;
  }
  return Math.floor((next - start) / pointerSize);
}
