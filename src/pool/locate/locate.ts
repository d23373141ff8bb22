import { hex } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import type { Kernel, Rejection, Search } from '../../kernel/root/root.js';
import { type KernelSymbols, type SymbolOptions, symbolSources } from '../../kernel/symbols/symbols.js';
import { processorsOf } from '../../kernel/version.js';
import { locateByKdbg } from './by-kdbg.js';
import { locateByStructure } from './by-structure.js';
import { locateBySymbols } from './by-symbols.js';
import type { Located } from './located.js';
import type { TableSet } from './table-set.js';

export type { TableSet } from './table-set.js';

export const LOCATE_WAYS = ['symbols', 'kdbg', 'structure'] as const;
export type LocateWay = (typeof LOCATE_WAYS)[number];

export interface LocateOptions extends SymbolOptions {
  /** Tries only this method. */
  readonly locate?: LocateWay;
}

export interface LocatedTables {
  readonly tables: TableSet;
  /** The symbols of this build; null for an unknown one. */
  readonly symbols: KernelSymbols | null;
  /** Where symbols were looked for in vain, one line each. */
  readonly notes: readonly string[];
}

async function knownSymbols(kernel: Kernel, options: SymbolOptions, notes: string[]): Promise<KernelSymbols[]> {
  const { pdb } = kernel.image;
  if (pdb === null) {
    if (options.symbols !== undefined || options.symbolPath !== undefined)
      notes.push("no symbols are looked for: the kernel's record of its PDB cannot be read");
    return [];
  }
  const found: KernelSymbols[] = [];
  for (const source of symbolSources()) {
    const symbols = await source.find(pdb, options, (line) => notes.push(line));
    if (symbols !== null) found.push(symbols);
  }
  return found;
}

/**
 * Finds the tracker tables: by the variables of a known build, by a symbol file, by the debugger block, or by their
 * structure alone. If a method names no table, the next one is tried; if it names a table that fails the proof, the
 * search ends: a copy found elsewhere must not take its place.
 * @returns the tables; else TABLES_NOT_FOUND with every method's reason, SYMBOL_FILE_DAMAGED, or the error of a failed
 * read
 */
export async function locateTables(kernel: Kernel, options: LocateOptions = {}): Promise<Search<LocatedTables>> {
  const rejected: Rejection[] = [];
  const reasons: string[] = [];
  const notes: string[] = [];
  try {
    const symbols = await knownSymbols(kernel, options, notes);
    if (symbols.length === 0 && options.locate === 'symbols') {
      reasons.push(
        `symbols: no known build and no symbol file has the kernel's PDB ${kernel.image.pdb?.guid ?? '(which could not be read)'}`,
      );
    }
    for (const { name, locate } of waysTo(kernel, symbols)) {
      if (options.locate !== undefined && options.locate !== name) continue;
      const located = await locate();
      rejected.push(...located.rejected);
      if (located.tables !== null)
        return { found: { tables: located.tables, symbols: symbols[0] ?? null, notes }, rejected };
      reasons.push(`${name}: ${located.reason}`);
      const { refuted } = located;
      rejected.push({
        what: 'table',
        address: hex(refuted?.address ?? kernel.image.base),
        from: name,
        reason: located.reason,
        ...(refuted === undefined ? {} : { facts: refuted.facts }),
      });
      if (located.isVeto) break;
    }
    return { error: notFound(kernel, reasons), rejected };
  } catch (error) {
    if (error instanceof PoolTrackerError) return { error, rejected };
    throw error;
  }
}

/** All methods, the strongest proof first. */
function waysTo(
  kernel: Kernel,
  symbols: readonly KernelSymbols[],
): readonly { readonly name: LocateWay; locate(): Promise<Located> }[] {
  const processors = processorsOf(kernel.memory.physical.image.hints.processors, kernel.sharedData);
  return [
    ...symbols.map((known) => ({ name: 'symbols' as const, locate: () => locateBySymbols(kernel, known, processors) })),
    { name: 'kdbg', locate: () => locateByKdbg(kernel, symbols[0] ?? null, processors) },
    { name: 'structure', locate: () => locateByStructure(kernel, processors) },
  ];
}

function notFound(kernel: Kernel, reasons: readonly string[]): PoolTrackerError {
  return new PoolTrackerError(
    'TABLES_NOT_FOUND',
    `${kernel.memory.physical.image.source.name}: the pool tag tables of the kernel at ${hex(kernel.image.base)} were not found: ${reasons.join('; ')}`,
    { hint: 'try --symbols with a symbol file of this kernel, or --method carve' },
  );
}
