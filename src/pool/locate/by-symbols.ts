import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import type { Warning } from '../../errors.js';
import type { Kernel, Rejection } from '../../kernel/root/root.js';
import type { KernelSymbols, KernelVariable } from '../../kernel/symbols/symbols.js';
import { describeMissing, isMapped } from '../../memory/paging/paging.js';
import { describeProof, isProved, isSlotCount, judge } from '../table/hash-law.js';
import { MAX_EXPANSION_ENTRIES } from './expansion-table.js';
import { readProcessorTables, readTable } from './read-tables.js';
import type { TableSet } from '../table/table-set.js';
import { layoutOfSize } from '../table/tracker-layout.js';

/** The result of one way of locating: the tables, proved, or the reason why this way does not lead to them. */
export interface Located {
  readonly tables: TableSet | null;
  readonly reason: string;
  readonly rejected: readonly Rejection[];
}

export function notLocated(reason: string, rejected: readonly Rejection[] = []): Located {
  return { tables: null, reason, rejected };
}

/** The value of a pointer-sized variable, or why it could not be read. */
async function readVariable(kernel: Kernel, symbols: KernelSymbols, name: KernelVariable): Promise<bigint | string> {
  const rva = symbols.rva[name];
  if (rva === undefined) return `${symbols.source} has no ${name}`;
  const address = virtualAddress(kernel.image.base + BigInt(rva));
  const value = await kernel.memory.readUint64(address);
  if (value !== null) return value;
  const translation = await kernel.memory.translate(address);
  return `${name}: ${isMapped(translation) ? 'its page is cut' : describeMissing(translation)}`;
}

/** N from PoolTrackTableSize (N + 1), else from PoolTrackTableMask (N - 1). */
async function readSlots(kernel: Kernel, symbols: KernelSymbols): Promise<number | string> {
  const size = await readVariable(kernel, symbols, 'PoolTrackTableSize');
  if (typeof size === 'bigint') {
    const slots = size <= 0x100000n ? Number(size) - 1 : 0;
    return isSlotCount(slots) ? slots : `PoolTrackTableSize is ${size}; expected 2^n + 1 from 65 to 65537`;
  }
  const mask = await readVariable(kernel, symbols, 'PoolTrackTableMask');
  if (typeof mask === 'string') return size;
  const slots = mask <= 0x100000n ? Number(mask) + 1 : 0;
  return isSlotCount(slots) ? slots : `PoolTrackTableMask is ${mask}; expected 2^n - 1 from 63 to 65535`;
}

/** Locates the tables by the kernel's own variables, at the addresses that symbols give. */
export async function locateBySymbols(kernel: Kernel, symbols: KernelSymbols): Promise<Located> {
  const layout = layoutOfSize(symbols.trackerEntrySize);
  if (layout === undefined)
    return notLocated(
      `${symbols.source} gives entries of ${symbols.trackerEntrySize} bytes, a layout that is not known`,
    );
  const pointer = await readVariable(kernel, symbols, 'PoolTrackTable');
  if (typeof pointer === 'string') return notLocated(pointer);
  const table0 = virtualAddress(pointer);
  if (!kernel.memory.pageTable.isKernelAddress(table0) || (table0 & 0xfffn) !== 0n) {
    return notLocated(`PoolTrackTable is ${hex(table0)}; expected a page-aligned kernel address`);
  }
  const slots = await readSlots(kernel, symbols);
  if (typeof slots === 'string') return notLocated(slots);
  const first = await readTable(kernel.memory, table0, layout, slots + 1);
  const proof = judge(first.keys(), slots);
  if (!isProved(proof)) {
    return notLocated(
      `the table at ${hex(table0)} that PoolTrackTable points to is not proved: ${describeProof(proof)}, ${first.pagesMissing} of ${first.pageCount} pages missing`,
    );
  }
  const warnings: Warning[] = [];
  const arrayRva = symbols.rva.ExPoolTagTables;
  const processors =
    arrayRva === undefined
      ? { tables: [{ processor: 0, address: table0 }], unreadable: 1, rejected: [] }
      : await readProcessorTables(
          kernel.memory,
          virtualAddress(kernel.image.base + BigInt(arrayRva)),
          symbols.tagTablesCapacity,
          table0,
          first,
          false,
        );
  const expansion = await readExpansion(kernel, symbols, warnings);
  const tables: TableSet = {
    locatedBy: symbols.origin,
    layout,
    slots,
    proof,
    warnings,
    expansion,
    tables: processors.tables,
    unreadablePointers: processors.unreadable,
  };
  return { tables, reason: '', rejected: processors.rejected };
}

async function readExpansion(
  kernel: Kernel,
  symbols: KernelSymbols,
  warnings: Warning[],
): Promise<TableSet['expansion']> {
  const warn = (why: string): null => {
    warnings.push({ code: 'expansion-unreadable', message: `the expansion table is left out: ${why}` });
    return null;
  };
  const address = await readVariable(kernel, symbols, 'PoolTrackTableExpansion');
  if (typeof address === 'string') return warn(address);
  if (address === 0n) return null;
  const entries = await readVariable(kernel, symbols, 'PoolTrackTableExpansionSize');
  if (typeof entries === 'string') return warn(entries);
  if (!kernel.memory.pageTable.isKernelAddress(address))
    return warn(`PoolTrackTableExpansion is ${hex(address)}; expected a kernel address`);
  if (entries === 0n) return null;
  if (entries > BigInt(MAX_EXPANSION_ENTRIES)) {
    return warn(`PoolTrackTableExpansionSize is ${entries}; expected at most ${MAX_EXPANSION_ENTRIES}`);
  }
  return { address: address as VirtualAddress, entries: Number(entries) };
}
