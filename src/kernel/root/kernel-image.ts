import {
  PAGE_SIZE,
  physicalAddress,
  virtualAddress,
  type PhysicalAddress,
  type VirtualAddress,
} from '../../address.js';
import { fetchedAhead } from '../../memory/read-ahead.js';
import type { VirtualMemory, VirtualStretch } from '../../memory/virtual-memory.js';
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
import { KERNEL_SPACES } from './kernel-space.js';

/** The kernel as it lies in virtual memory. */
export interface KernelImage {
  readonly base: VirtualAddress;
  readonly header: PeHeader;
  /** Null when no page with the record is in the image. */
  readonly pdb: PdbIdentity | null;
}

/**
 * How many more pages may be looked at in search of kernel images: hostile page tables map the same few pages without
 * end, and any page may begin like a kernel whose whole image has to be searched.
 */
export interface Looks {
  pages: number;
}

const LARGE_PAGE = 1 << 21;
const READ_AT_ONCE = 256;

/** The kernel at `base`: a PE header of a plausible size whose PDB, where it can be read, is a kernel's; else null. */
async function kernelAt(memory: VirtualMemory, base: VirtualAddress, looks: Looks): Promise<KernelImage | null> {
  const [page] = await memory.pages(base, 1);
  const header = page!.bytes === null ? null : decodePeHeader(page!.bytes);
  const { machine } = KERNEL_SPACES[memory.pageTable.paging.architecture];
  if (header === null || header.machine !== machine) return null;
  if (header.imageSize < SMALLEST_KERNEL || header.imageSize > MAX_KERNEL) return null;
  const pdb = await pdbOf(memory, base, header, looks);
  return pdb === null || isKernelPdb(pdb.name) ? { base, header, pdb } : null;
}

async function pdbOf(
  memory: VirtualMemory,
  base: VirtualAddress,
  header: PeHeader,
  looks: Looks,
): Promise<PdbIdentity | null> {
  return (await pdbByDirectory(memory, base, header)) ?? (await pdbBySearch(memory, base, header, looks));
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
async function pdbBySearch(
  memory: VirtualMemory,
  base: VirtualAddress,
  header: PeHeader,
  looks: Looks,
): Promise<PdbIdentity | null> {
  looks.pages -= header.imageSize / PAGE_SIZE;
  if (looks.pages < 0) return null;
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

const firstPage = (address: VirtualAddress): VirtualStretch[] => [{ address, length: PAGE_SIZE }];

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
export async function kernelNear(
  memory: VirtualMemory,
  inside: VirtualAddress,
  looks: Looks,
): Promise<KernelImage | null> {
  for await (const base of fetchedAhead(memory, startsNear(inside), firstPage)) {
    if (looks.pages-- <= 0) return null;
    const page = await memory.translate(base);
    const kernel = isMapped(page) ? await kernelIfImage(memory, base, page.physicalAddress, looks) : null;
    if (kernel === null) continue;
    const holdsIt = inside >= base && inside < base + BigInt(kernel.header.imageSize);
    if (holdsIt || kernel.pdb !== null) return kernel;
  }
  return null;
}

/** Searches everything that is mapped in the ranges where Windows loads its kernel for images with a kernel's PDB. */
export async function* kernelsMapped(memory: VirtualMemory, looks: Looks): AsyncGenerator<KernelImage> {
  for (const [from, to] of KERNEL_SPACES[memory.pageTable.paging.architecture].images) {
    const pages = fetchedAhead(memory.physical, pagesMapped(memory, from, to), ({ physical }) => [
      { address: physical, length: PAGE_SIZE },
    ]);
    for await (const { base, physical } of pages) {
      if (looks.pages-- <= 0) return;
      const kernel = await kernelIfImage(memory, base, physical, looks);
      if (kernel !== null && kernel.pdb !== null) yield kernel;
    }
  }
}

interface MappedPage {
  readonly base: VirtualAddress;
  readonly physical: PhysicalAddress;
}

async function* pagesMapped(
  memory: VirtualMemory,
  from: VirtualAddress,
  to: VirtualAddress,
): AsyncGenerator<MappedPage> {
  for await (const mapping of memory.pageTable.mappings(from, to)) {
    const pages = Math.min(mapping.pageSize, LARGE_PAGE * 16) / PAGE_SIZE;
    for (let index = 0; index < pages; index++) {
      yield {
        base: virtualAddress(mapping.virtualAddress + BigInt(index * PAGE_SIZE)),
        physical: physicalAddress(mapping.physicalAddress + index * PAGE_SIZE),
      };
    }
  }
}

async function kernelIfImage(
  memory: VirtualMemory,
  base: VirtualAddress,
  physical: PhysicalAddress,
  looks: Looks,
): Promise<KernelImage | null> {
  const { bytes } = await memory.physical.read(physical, 2);
  if (bytes.readUInt16LE() !== 0x5a4d) return null;
  return kernelAt(memory, base, looks);
}
