import { virtualAddress, type VirtualAddress } from '../../address.js';
import { isMissing } from '../../errors.js';
import { readUnicodeString, walkRing } from '../../memory/structures.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { findModuleList, MODULE_FIELDS } from '../structures/structures.js';
import { findDebuggerDataBlock, type KernelSymbols } from '../symbols/symbols.js';
import type { Kernel } from '../root/root.js';

/** A driver, or the kernel itself, as the loader lists it. */
export interface LoadedModule {
  readonly base: VirtualAddress;
  /** SizeOfImage in bytes. */
  readonly size: number;
  /** File name without its path, as `tcpip.sys`; `?` when the page that holds it is missing. */
  readonly name: string;
}

export interface LoadedModules {
  readonly modules: readonly LoadedModule[];
  /** Whether the list was walked to its end and each of its entries was readable. */
  readonly whole: boolean;
}

/** More modules than any machine loads. */
const MAX_MODULES = 4096;
/** No module is larger; a size beyond it means damage. */
const MAX_MODULE = 1 << 28;
/** Where PsLoadedModuleList may be: according to the symbols, the container, the debugger block, and the image itself. */
async function* listHeads(kernel: Kernel, symbols: KernelSymbols | null): AsyncGenerator<VirtualAddress> {
  const rva = symbols?.rva.PsLoadedModuleList;
  if (rva !== undefined) yield virtualAddress(kernel.image.base + BigInt(rva));
  const hint = kernel.memory.physical.image.hints.psLoadedModuleList;
  if (hint !== undefined) yield hint;
  const block = await findDebuggerDataBlock(kernel.memory, kernel.image, symbols);
  if (typeof block !== 'string') yield block.psLoadedModuleList;
  const found = await findModuleList(kernel, null);
  if (!isMissing(found)) yield found;
}

/**
 * The modules on PsLoadedModuleList, in the order they were loaded. A list counts only when this kernel is on it.
 * Null when none was found.
 */
export async function findLoadedModules(kernel: Kernel, symbols: KernelSymbols | null): Promise<LoadedModules | null> {
  for await (const head of listHeads(kernel, symbols)) {
    const found = await readModules(kernel.memory, head);
    if (found.modules.some(({ base }) => base === kernel.image.base)) return found;
  }
  return null;
}

async function readModules(memory: VirtualMemory, head: VirtualAddress): Promise<LoadedModules> {
  const fields = MODULE_FIELDS[memory.pointerSize];
  const ring = await walkRing(memory, head, MAX_MODULES);
  const modules: LoadedModule[] = [];
  for (const address of ring.entries) {
    const entry = await memory.readWhole(address, fields.length);
    if (entry === null) continue;
    const size = entry.readUInt32LE(fields.SizeOfImage);
    const base = memory.pointerAt(entry, fields.DllBase);
    if (size === 0 || size > MAX_MODULE || base % 0x1000n !== 0n) continue;
    modules.push({ base, size, name: (await readUnicodeString(memory, entry, fields.BaseDllName)) ?? '?' });
  }
  return { modules, whole: ring.whole && modules.length === ring.entries.length };
}
