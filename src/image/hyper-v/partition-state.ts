import { type PhysicalAddress, rootAddress } from '../../address.js';
import type { Fields } from '../../source/reading/container.js';
import type { ImageHints } from '../image.js';

/** The first chunk is this far behind what the second word of the value says. */
const PADDING = 16;
/** {identifier u32, length u32, 8 bytes of padding}, then that many bytes. */
const CHUNK_HEADER = 16;

/** Chunks of the hypervisor's saved state (OpenVMM's hvdef::save_restore). */
const CHUNK = {
  prolog: 0x0000_0000,
  processor: 0x3000_1000,
  controlRegisters: 0x3000_7000,
  tableRegisters: 0x3000_a000,
  trustLevel: 0x3001_a000,
  epilog: 0xf000_0000,
};

/** In the prolog's data; the vendor tells the architecture. */
const VENDOR_AT = 8;
const VENDOR_ARM = 0x10;

/** CR0, CR2, CR3, CR4, CR8, EFER. */
const X64_CONTROL = { length: 48, cr3: 16 };
/** TTBR0, TTBR1, VBAR. */
const ARM64_TABLES = { shortest: 24, ttbr1: 8 };

/** The largest that is read; some processors take a few hundred kilobytes. */
export const MAX_PARTITION_STATE = 256 << 20;
const MAX_CHUNKS = 1 << 20;

/**
 * The page table root of each processor, at the level of trust that Windows itself runs at, from the value of the key
 * `partition_state`. Ends where a chunk does not fit: these are only hints. The architecture is none of them: it is read
 * to know the registers, from a field of the virtual machine's make, and x64 where that is not there.
 */
export function partitionRoots(state: Fields): Pick<ImageHints, 'pageTableRoots'> {
  const roots = new Map<PhysicalAddress, string>();
  const { length } = state.bytes;
  let architecture: 'x64' | 'arm64' = 'x64';
  let processor = 0;
  let isWindows = true;
  const note = (register: bigint, name: string): void => {
    const root = rootAddress(register, architecture);
    if (isWindows && root !== 0 && !roots.has(root))
      roots.set(root, `${name} of processor ${processor} in the Hyper-V state`);
  };
  const first = length < 16 ? Infinity : Number(state.u64(8)) + PADDING;
  for (let at = first, count = 0; at + CHUNK_HEADER <= length && count < MAX_CHUNKS; count++) {
    const [chunk, size, data] = [state.u32(at), state.u32(at + 4), at + CHUNK_HEADER];
    if (chunk === CHUNK.epilog || data + size > length) break;
    if (chunk === CHUNK.prolog && size >= VENDOR_AT + 4)
      architecture = state.u32(data + VENDOR_AT) === VENDOR_ARM ? 'arm64' : 'x64';
    else if (chunk === CHUNK.processor && size >= 4) {
      processor = state.u32(data);
      isWindows = true;
    } else if (chunk === CHUNK.trustLevel && size >= 1) isWindows = state.u8(data) === 0;
    else if (chunk === CHUNK.controlRegisters && architecture === 'x64' && size === X64_CONTROL.length)
      note(state.u64(data + X64_CONTROL.cr3), 'CR3');
    else if (chunk === CHUNK.tableRegisters && architecture === 'arm64' && size >= ARM64_TABLES.shortest)
      note(state.u64(data + ARM64_TABLES.ttbr1), 'TTBR1');
    at = data + size;
  }
  return roots.size === 0 ? {} : { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) };
}
