import { foundOnce } from '../../source/reading/cache.js';
import { virtualAddress, type VirtualAddress } from '../../address.js';
import { type VirtualMemory } from '../../memory/virtual-memory.js';
import type { KernelImage } from './kernel-image.js';

/** One writable range of the kernel image, in memory. */
export interface Section {
  readonly start: VirtualAddress;
  /** Zeros where pages are missing. */
  readonly bytes: Buffer;
  /** Addresses on the missing pages, one each. */
  readonly missing: readonly VirtualAddress[];
  /** Bytes of a pointer of its kernel, at whose multiples its variables lie. */
  readonly pointerSize: 4 | 8;
}

/** A kernel as far as its data needs it. */
interface KernelInMemory {
  readonly memory: VirtualMemory;
  readonly image: KernelImage;
}

/** Maximum number of pointers to follow; a real kernel has some thousands in its data. */
const MAX_POINTERS = 1 << 16;

/** Each kernel's sections: several searches go through them. */
const known = new WeakMap<KernelImage, Promise<readonly Section[]>>();

/** The kernel's writable sections, where its variables lie; the whole image if its header lists none. Read once. */
export function writableSections(kernel: KernelInMemory): Promise<readonly Section[]> {
  return foundOnce(known, kernel.image, () => readSections(kernel.memory, kernel.image));
}

async function readSections(memory: VirtualMemory, image: KernelImage): Promise<readonly Section[]> {
  const writable = image.header.sections.filter((section) => section.writable);
  const ranges = writable.length > 0 ? writable : [{ rva: 0, size: image.header.imageSize }];
  const sections: Section[] = [];
  await memory.prefetch(
    ranges.map(({ rva, size }) => ({ address: virtualAddress(image.base + BigInt(rva)), length: size })),
  );
  for (const { rva, size } of ranges) {
    const start = virtualAddress(image.base + BigInt(rva));
    const { bytes, missing } = await memory.read(start, size - (size % memory.pointerSize));
    sections.push({
      start,
      bytes,
      missing: missing.map((page) => page.virtualAddress),
      pointerSize: memory.pointerSize,
    });
  }
  return sections;
}

/** Whether an address lies in the kernel image. */
export function isInImage({ image }: KernelInMemory, address: VirtualAddress): boolean {
  return address >= image.base && address < image.base + BigInt(image.header.imageSize);
}

/**
 * Each word of the sections that is an address of the kernel's half, with the place where it stands.
 * @param alignment of the addresses: a power of two, at most a page
 */
export function* kernelAddresses(
  { memory }: KernelInMemory,
  sections: readonly Section[],
  alignment = 1,
): Generator<readonly [value: VirtualAddress, place: VirtualAddress]> {
  const size = memory.pointerSize;
  const least = size === 8 ? 0xff : 0x80;
  const unaligned = alignment - 1;
  for (const { start, bytes } of sections) {
    for (let at = 0; at + size <= bytes.length; at += size) {
      // Most words are none: no bigint is made of those.
      if (bytes[at + size - 1]! < least || (bytes.readUInt16LE(at) & unaligned) !== 0) continue;
      const value = memory.pointerAt(bytes, at);
      if (memory.pageTable.isKernelAddress(value)) yield [value, virtualAddress(start + BigInt(at))];
    }
  }
}

/**
 * Pointers in the kernel's data that lead out of its image, each with all places that hold it.
 * @param alignment of what they lead to, in bytes
 */
export function pointersOutside(
  kernel: KernelInMemory,
  sections: readonly Section[],
  alignment: number,
): Map<VirtualAddress, VirtualAddress[]> {
  const places = new Map<VirtualAddress, VirtualAddress[]>();
  for (const [value, place] of kernelAddresses(kernel, sections, alignment)) {
    if (isInImage(kernel, value)) continue;
    const others = places.get(value);
    if (others !== undefined) others.push(place);
    else if (places.size < MAX_POINTERS) places.set(value, [place]);
  }
  return places;
}
