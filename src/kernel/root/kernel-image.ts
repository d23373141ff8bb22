import {
  hex,
  PAGE_SIZE,
  physicalAddress,
  virtualAddress,
  type PhysicalAddress,
  type VirtualAddress,
} from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { isMapped } from '../../memory/paging/paging.js';
import {
  decodeCodeView,
  decodePeHeader,
  isKernelPdb,
  MAX_KERNEL,
  type PdbIdentity,
  type PeHeader,
  RSDS,
  SMALLEST_KERNEL,
} from '../pe.js';

/** The kernel as it lies in virtual memory. */
export interface KernelImage {
  readonly base: VirtualAddress;
  readonly header: PeHeader;
  /** Null when no page with the record is in the image. */
  readonly pdb: PdbIdentity | null;
}

const KERNEL_RANGE_START = virtualAddress(0xfffff80000000000n);
const KERNEL_RANGE_END = virtualAddress(0xfffff90000000000n);
const LARGE_PAGE = 1 << 21;
const READ_AT_ONCE = 256;

/** The kernel at `base`, or why there is none: a PE header of a plausible size whose PDB, where it can be read, is a kernel's. */
export async function kernelAt(memory: VirtualMemory, base: VirtualAddress): Promise<KernelImage | string> {
  const [page] = await memory.pages(base, 1);
  const header = page!.bytes === null ? null : decodePeHeader(page!.bytes);
  if (header === null) return 'no 64-bit PE header';
  if (header.imageSize < SMALLEST_KERNEL || header.imageSize > MAX_KERNEL)
    return `an image of ${hex(header.imageSize)} bytes is no kernel`;
  const pdb = await pdbOf(memory, base, header);
  if (pdb !== null && !isKernelPdb(pdb.name)) return `its PDB is ${pdb.name}`;
  return { base, header, pdb };
}

async function pdbOf(memory: VirtualMemory, base: VirtualAddress, header: PeHeader): Promise<PdbIdentity | null> {
  return (await pdbByDirectory(memory, base, header)) ?? (await pdbBySearch(memory, base, header));
}

async function pdbByDirectory(
  memory: VirtualMemory,
  base: VirtualAddress,
  header: PeHeader,
): Promise<PdbIdentity | null> {
  if (header.debugDirectory === null) return null;
  const directory = await memory.readWhole(
    virtualAddress(base + BigInt(header.debugDirectory.rva)),
    header.debugDirectory.size,
  );
  if (directory === null) return null;
  for (let entry = 0; entry + 28 <= directory.length; entry += 28) {
    const size = directory.readUInt32LE(entry + 16);
    const rva = directory.readUInt32LE(entry + 20);
    if (directory.readUInt32LE(entry + 12) !== 2 || rva + size > header.imageSize) continue;
    const record = await memory.readWhole(virtualAddress(base + BigInt(rva)), Math.min(size, 512));
    const pdb = record === null ? null : decodeCodeView(record);
    if (pdb !== null) return pdb;
  }
  return null;
}

/** For an image whose debug directory is paged out: the only kernel RSDS record in it; null when two differ. */
async function pdbBySearch(memory: VirtualMemory, base: VirtualAddress, header: PeHeader): Promise<PdbIdentity | null> {
  const found = new Map<string, PdbIdentity>();
  for (let rva = 0; rva < header.imageSize; rva += READ_AT_ONCE * PAGE_SIZE) {
    const { bytes } = await memory.read(
      virtualAddress(base + BigInt(rva)),
      Math.min(READ_AT_ONCE * PAGE_SIZE, header.imageSize - rva),
    );
    const magic = Buffer.alloc(4);
    magic.writeUInt32LE(RSDS);
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      const pdb = decodeCodeView(bytes.subarray(at, at + 512));
      if (pdb !== null && isKernelPdb(pdb.name)) found.set(`${pdb.guid}-${pdb.age}`, pdb);
    }
  }
  return found.size === 1 ? [...found.values()][0]! : null;
}

/** How far from an address in the kernel, or in the HAL beside it, the start of the kernel is searched for. */
const REACH = 1 << 25;

function* startsNear(inside: VirtualAddress): Generator<VirtualAddress> {
  const walk = function* (step: number, sign: bigint): Generator<VirtualAddress> {
    const first = inside - (inside % BigInt(step));
    for (let distance = 0; distance <= REACH; distance += step) yield virtualAddress(first + sign * BigInt(distance));
  };
  yield* walk(LARGE_PAGE, -1n);
  yield* walk(PAGE_SIZE, -1n);
  yield* walk(PAGE_SIZE, 1n);
}

/**
 * The kernel image that holds an address or, when the address lies in the HAL (as the low stub's target does before
 * Windows 10 1903), the one beside it. Large-page boundaries first, since that is where most kernels begin.
 */
export async function kernelNear(memory: VirtualMemory, inside: VirtualAddress): Promise<KernelImage | null> {
  for (const base of startsNear(inside)) {
    const page = await memory.translate(base);
    const kernel = isMapped(page) ? await kernelIfImage(memory, base, page.physicalAddress) : null;
    if (kernel === null) continue;
    const holdsIt = inside >= base && inside < base + BigInt(kernel.header.imageSize);
    if (holdsIt || kernel.pdb !== null) return kernel;
  }
  return null;
}

/** Searches everything that is mapped in the range where Windows loads its kernel for images with a kernel's PDB. */
export async function* kernelsMapped(memory: VirtualMemory): AsyncGenerator<KernelImage> {
  for await (const mapping of memory.pageTable.mappings(KERNEL_RANGE_START, KERNEL_RANGE_END)) {
    const pages = Math.min(mapping.pageSize, LARGE_PAGE * 16) / PAGE_SIZE;
    for (let index = 0; index < pages; index++) {
      const base = virtualAddress(mapping.virtualAddress + BigInt(index * PAGE_SIZE));
      const kernel = await kernelIfImage(memory, base, physicalAddress(mapping.physicalAddress + index * PAGE_SIZE));
      if (kernel !== null && kernel.pdb !== null) yield kernel;
    }
  }
}

async function kernelIfImage(
  memory: VirtualMemory,
  base: VirtualAddress,
  physical: PhysicalAddress,
): Promise<KernelImage | null> {
  const { bytes } = await memory.physical.read(physical, 2);
  if (bytes.readUInt16LE() !== 0x5a4d) return null;
  const kernel = await kernelAt(memory, base);
  return typeof kernel === 'string' ? null : kernel;
}
