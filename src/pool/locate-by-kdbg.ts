import { hex, virtualAddress } from '../address.js';
import { findDebuggerDataBlock } from '../kernel/symbols/debugger-data-block.js';
import type { Kernel } from '../kernel/root/root.js';
import type { KernelSymbols } from '../kernel/kernel-symbols.js';
import { locateByStructure } from './locate/by-structure.js';
import { notLocated, type Located } from './locate/by-symbols.js';

/**
 * Locates table 0 by the kernel debugger block, which names the variable PoolTrackTable; the rest (N, the layout, the
 * other processors' tables) follows from the table itself and from where its address stands a second time.
 */
export async function locateByKdbg(kernel: Kernel, symbols: KernelSymbols | null): Promise<Located> {
  const block = await findDebuggerDataBlock(kernel.memory, kernel.image, symbols);
  if (typeof block === 'string') return notLocated(block);
  const table0 = await kernel.memory.readUint64(block.poolTrackTable);
  if (table0 === null) return notLocated(`PoolTrackTable at ${hex(block.poolTrackTable)}, which the debugger block names, is on a missing page`);
  const located = await locateByStructure(kernel, virtualAddress(table0));
  if (located.tables === null) {
    return notLocated(`the debugger block at ${hex(block.address)} leads to ${hex(table0)}: ${located.reason}`, located.rejected);
  }
  return { ...located, tables: { ...located.tables, locatedBy: 'kdbg' } };
}
