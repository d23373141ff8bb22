import { hex, type VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import { walkRing } from '../../memory/structures.js';
import { readCached } from '../../memory/virtual-memory.js';
import type { Kernel } from '../root/root.js';
import { listHeads } from './list-heads.js';

/** Offsets in KLDR_DATA_TABLE_ENTRY, the same from Windows XP to 11; its first member is the link in load order. */
export interface ModuleFields {
  readonly DllBase: number;
  readonly SizeOfImage: number;
  readonly BaseDllName: number;
  /** Bytes up to the last of them. */
  readonly length: number;
}

/** By pointer size. */
export const MODULE_FIELDS: Readonly<Record<4 | 8, ModuleFields>> = {
  4: { DllBase: 0x18, SizeOfImage: 0x20, BaseDllName: 0x2c, length: 0x34 },
  8: { DllBase: 0x30, SizeOfImage: 0x40, BaseDllName: 0x58, length: 0x68 },
};

/** The kernel is the first that the loader lists; a torn list may have lost it. */
const LOOKED_AT = 8;

/** Whether one of the first members of a list is this kernel, with the base and the size that its header has. */
async function listsKernel({ memory, image }: Kernel, head: VirtualAddress): Promise<boolean> {
  const fields = MODULE_FIELDS[memory.pointerSize];
  const { entries } = await walkRing(memory, head, LOOKED_AT);
  for (const address of entries) {
    const entry = await readCached(memory, address, fields.length);
    if (entry === null || memory.pointerAt(entry, fields.DllBase) !== image.base) continue;
    if (entry.readUInt32LE(fields.SizeOfImage) === image.header.imageSize) return true;
  }
  return false;
}

/**
 * Finds PsLoadedModuleList: the list in the kernel's data that this kernel itself is on.
 * @param named where something names it: no other may take its place
 */
export async function findModuleList(kernel: Kernel, named: VirtualAddress | null): Promise<VirtualAddress | Missing> {
  if (named !== null)
    return (await listsKernel(kernel, named))
      ? named
      : { missing: `this kernel is not on the list at ${hex(named)}, which the debugger block names` };
  const heads: VirtualAddress[] = [];
  for await (const { address } of listHeads(kernel)) if (await listsKernel(kernel, address)) heads.push(address);
  const [only, second] = heads;
  if (only === undefined) return { missing: "no list in the kernel's data has this kernel on it" };
  return second === undefined
    ? only
    : { missing: `this kernel is on ${heads.length} lists: at ${heads.map(hex).join(', ')}` };
}
