import { hex, virtualAddress } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import type { Kernel, Rejection, Search } from '../../kernel/root/root.js';
import { findDebuggerDataBlock } from '../../kernel/symbols/debugger-data-block.js';
import type { KernelSymbols } from '../../kernel/symbols/kernel-symbols.js';
import { SYMBOL_SOURCES, type SymbolOptions } from '../../kernel/symbols/symbols.js';
import type { TableSet } from '../table/table-set.js';
import { locateByStructure } from './by-structure.js';
import { locateBySymbols, type Located, notLocated } from './by-symbols.js';

/**
 * Locates table 0 by the kernel debugger block, which gives the address of the variable PoolTrackTable. The rest (N,
 * the layout, the other processors' tables) follows from the table itself and from the second place that holds its
 * address.
 */
export async function locateByKdbg(kernel: Kernel, symbols: KernelSymbols | null): Promise<Located> {
  const block = await findDebuggerDataBlock(kernel.memory, kernel.image, symbols);
  if (typeof block === 'string') return notLocated(block);
  const table0 = await kernel.memory.readUint64(block.poolTrackTable);
  if (table0 === null)
    return notLocated(
      `PoolTrackTable at ${hex(block.poolTrackTable)}, which the debugger block names, is on a missing page`,
    );
  const located = await locateByStructure(kernel, virtualAddress(table0));
  if (located.tables === null) {
    return notLocated(
      `the debugger block at ${hex(block.address)} leads to ${hex(table0)}: ${located.reason}`,
      located.rejected,
    );
  }
  return { ...located, tables: { ...located.tables, locatedBy: 'kdbg' } };
}

export const LOCATE_WAYS = ['symbols', 'kdbg', 'structure'] as const;
export type LocateWay = (typeof LOCATE_WAYS)[number];

export interface LocateOptions extends SymbolOptions {
  /** Tries this way only. */
  readonly locate?: LocateWay;
}

export interface LocatedTables {
  readonly tables: TableSet;
  /** What is known of this build; null for an unknown one. */
  readonly symbols: KernelSymbols | null;
}

async function knownSymbols(kernel: Kernel, options: SymbolOptions): Promise<KernelSymbols[]> {
  const { pdb } = kernel.image;
  if (pdb === null) return [];
  const found: KernelSymbols[] = [];
  for (const source of SYMBOL_SOURCES) {
    const symbols = await source.find(pdb, options);
    if (symbols !== null) found.push(symbols);
  }
  return found;
}

/**
 * Finds the tracker tables: by the variables of a known build, by a symbol file, by the debugger block, by their
 * structure alone. A result is believed only when the hash law proves it; else the next way is tried.
 * @returns the tables; else TABLES_NOT_FOUND with every way's reason, SYMBOL_FILE_DAMAGED, or the error of a read that
 * failed on the way
 */
export async function locateTables(kernel: Kernel, options: LocateOptions = {}): Promise<Search<LocatedTables>> {
  const rejected: Rejection[] = [];
  const reasons: string[] = [];
  try {
    const symbols = await knownSymbols(kernel, options);
    if (symbols.length === 0 && options.locate === 'symbols') {
      reasons.push(
        `symbols: no known build and no symbol file has the kernel's PDB ${kernel.image.pdb?.guid ?? '(which could not be read)'}`,
      );
    }
    for (const { name, locate } of waysTo(kernel, symbols)) {
      if (options.locate !== undefined && options.locate !== name) continue;
      const located = await locate();
      rejected.push(...located.rejected);
      if (located.tables !== null) return { found: { tables: located.tables, symbols: symbols[0] ?? null }, rejected };
      reasons.push(`${name}: ${located.reason}`);
      rejected.push({ what: 'table', address: hex(kernel.image.base), from: name, reason: located.reason });
    }
    return { error: notFound(kernel, reasons), rejected };
  } catch (error) {
    if (error instanceof PoolTrackerError) return { error, rejected };
    throw error;
  }
}

/** Every way, the one that proves most first. */
function waysTo(
  kernel: Kernel,
  symbols: readonly KernelSymbols[],
): readonly { readonly name: LocateWay; locate(): Promise<Located> }[] {
  return [
    ...symbols.map((known) => ({ name: 'symbols' as const, locate: () => locateBySymbols(kernel, known) })),
    { name: 'kdbg', locate: () => locateByKdbg(kernel, symbols[0] ?? null) },
    { name: 'structure', locate: () => locateByStructure(kernel) },
  ];
}

function notFound(kernel: Kernel, reasons: readonly string[]): PoolTrackerError {
  return new PoolTrackerError(
    'TABLES_NOT_FOUND',
    `${kernel.memory.physical.image.source.name}: the pool tag tables of the kernel at ${hex(kernel.image.base)} were not found: ${reasons.join('; ')}`,
    { hint: 'try --symbols with a symbol file of this kernel, or --method carve' },
  );
}
