import { type PhysicalAddress, rootAddress } from '../../address.js';
import type { ImageHints } from '../image.js';

/** Since VirtualBox 5.0 each processor has two structures of registers, of which the second is the guest's (CPUM.cpp). */
export const FIRST_CPUM_VERSION = 17;

/** Marks around a structure, and what lies between: registers, of which CR3 is at 292. */
const BEGINS = Buffer.from('02012019', 'hex');
const ENDS = 0x1992_0406;
const REGISTERS = 524;
const CR3_AT = 292;

/** More than that is no unit `cpum`. */
export const MAX_CPUM = 4 << 20;

/** The page table root of each processor, as far as the unit's structures are of the kind that is known. */
export function processorRoots(cpum: Buffer): Pick<ImageHints, 'pageTableRoots' | 'processors'> {
  const roots = new Map<PhysicalAddress, string>();
  let structures = 0;
  for (let at = cpum.indexOf(BEGINS); at >= 0; at = cpum.indexOf(BEGINS, at + 1)) {
    const registers = at + BEGINS.length;
    const end = registers + REGISTERS;
    if (end + 4 > cpum.length || cpum.readUInt32LE(end) !== ENDS) continue;
    const processor = structures++ >> 1;
    if (structures % 2 !== 0) continue;
    const root = rootAddress(cpum.readBigUInt64LE(registers + CR3_AT), 'unknown');
    if (root !== 0 && !roots.has(root)) roots.set(root, `CR3 of processor ${processor} in the VirtualBox state`);
  }
  return {
    ...(roots.size > 0 && { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) }),
    ...(structures > 0 && cpum.readUInt32LE(0) === structures / 2 && { processors: structures / 2 }),
  };
}
