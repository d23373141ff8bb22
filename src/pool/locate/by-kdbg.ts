import { hex } from '../../address.js';
import type { Kernel } from '../../kernel/root/root.js';
import { findDebuggerDataBlock, type KernelSymbols } from '../../kernel/symbols/symbols.js';
import { locateByStructure } from './by-structure.js';
import { notLocated, type Located } from './located.js';

/**
 * Locates table 0 by the kernel debugger block, which points to the variable PoolTrackTable; the rest (N, the layout,
 * the other processors' tables) follows from the table itself and from the second occurrence of its address. The table
 * must prevail over every other table that the kernel's data points to.
 */
export async function locateByKdbg(
  kernel: Kernel,
  symbols: KernelSymbols | null,
  processors: number | null,
): Promise<Located> {
  const block = await findDebuggerDataBlock(kernel.memory, kernel.image, symbols);
  if (typeof block === 'string') return notLocated(block);
  const table0 = await kernel.memory.readPointer(block.poolTrackTable);
  if (table0 === null)
    return notLocated(
      `PoolTrackTable at ${hex(block.poolTrackTable)}, which the debugger block names, is on a missing page`,
    );
  const located = await locateByStructure(kernel, processors, table0);
  if (located.tables !== null) return { ...located, tables: { ...located.tables, locatedBy: 'kdbg' } };
  const own = located.rejected.find(({ address }) => address === hex(table0));
  return {
    ...located,
    reason: `the debugger block at ${hex(block.address)} leads to ${hex(table0)}: ${located.reason}`,
    isVeto: true,
    refuted: { address: table0, facts: own?.facts ?? [] },
  };
}
