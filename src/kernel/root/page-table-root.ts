import {
  PAGE_SIZE,
  physicalAddress,
  virtualAddress,
  type PhysicalAddress,
  type VirtualAddress,
} from '../../address.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';

/** A physical address that may be the kernel's page table root, and where it comes from. */
export interface RootCandidate {
  readonly address: PhysicalAddress;
  readonly from: string;
  /** An address in the kernel from the same place; it must lie in the kernel image that the root leads to. */
  readonly kernelEntry: VirtualAddress | null;
}

const ONE_MIB = 0x100000;

/**
 * Self-referencing pages are searched for up to here; roots are made in the first moments of a boot and lie at low
 * addresses.
 */
export const SELF_REFERENCE_REACH = 2 ** 36;
const SELF_REFERENCE_CHUNK = 1 << 18;

/**
 * The low stub of Windows 8 and later: a PROCESSOR_START_BLOCK in a page below 1 MiB, which other processors start
 * from: a far jump at 0, the kernel's entry at 0x70, CR3 at 0xA0.
 */
export async function* lowStubRoots(memory: PhysicalMemory): AsyncGenerator<RootCandidate> {
  const { bytes } = await memory.read(physicalAddress(0), ONE_MIB);
  for (let page = PAGE_SIZE; page < ONE_MIB; page += PAGE_SIZE) {
    if ((bytes.readBigUInt64LE(page) & 0xffffffffffff00ffn) !== 0x00000001000600e9n) continue;
    const entry = bytes.readBigUInt64LE(page + 0x70);
    if ((entry & 0xfffff80000000003n) !== 0xfffff80000000000n) continue;
    const root = bytes.readBigUInt64LE(page + 0xa0);
    if (root === 0n || (root & 0xffffff0000000fffn) !== 0n) continue;
    yield { address: physicalAddress(Number(root)), from: 'low stub', kernelEntry: virtualAddress(entry) };
  }
}

/** The roots that the container names: DirectoryTableBase of a crash dump's header, CR3 in an ELF note. */
export function* containerRoots(memory: PhysicalMemory): Generator<RootCandidate> {
  for (const hint of memory.image.hints.pageTableRoots ?? []) {
    const address = physicalAddress(hint.address - (hint.address % PAGE_SIZE));
    yield { address, from: hint.from, kernelEntry: null };
  }
}

/**
 * Whether an entry in the upper half of the page at `first` (in 32-bit words) is present, writable and names `address`
 * in its bits 12 to 51. All of memory may have to be searched, so words are compared and no bigints are made.
 */
function refersToItself(words: Uint32Array, first: number, address: number): boolean {
  const low = (address % 2 ** 32) / PAGE_SIZE;
  const high = Math.floor(address / 2 ** 32);
  for (let at = first + 0x200; at < first + 0x400; at += 2) {
    const word = words[at]!;
    if (word >>> 12 === low && (word & 3) === 3 && (words[at + 1]! & 0xfffff) === high) return true;
  }
  return false;
}

/**
 * Pages that have an entry pointing to themselves in their upper half, in ascending order: slot 0x1ED before Windows 10
 * 1607, any of 0x100 to 0x1FF since. Every process has one, and those of ended processes remain in memory.
 */
export async function* selfReferringRoots(
  memory: PhysicalMemory,
  reach = SELF_REFERENCE_REACH,
): AsyncGenerator<RootCandidate> {
  for (const run of memory.image.runs) {
    const end = Math.min(run.start + run.length, reach);
    for (let chunk: number = run.start; chunk < end; chunk += SELF_REFERENCE_CHUNK) {
      const { bytes } = await memory.read(physicalAddress(chunk), Math.min(SELF_REFERENCE_CHUNK, end - chunk));
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
      for (let offset = 0; offset + PAGE_SIZE <= bytes.length; offset += PAGE_SIZE) {
        const address = chunk + offset;
        if (!refersToItself(words, offset / 4, address)) continue;
        yield { address: physicalAddress(address), from: 'self reference', kernelEntry: null };
      }
    }
  }
}
