import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
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

/** Each kernel's sections: several searches go through them. */
const known = new WeakMap<KernelImage, Promise<readonly Section[]>>();

/** The kernel's writable sections, where its variables lie; the whole image if its header lists none. Read once. */
export function writableSections(kernel: {
  readonly memory: VirtualMemory;
  readonly image: KernelImage;
}): Promise<readonly Section[]> {
  const sections = known.get(kernel.image) ?? readSections(kernel.memory, kernel.image);
  known.set(kernel.image, sections);
  return sections;
}

async function readSections(memory: VirtualMemory, image: KernelImage): Promise<readonly Section[]> {
  const writable = image.header.sections.filter((section) => section.writable);
  const ranges = writable.length > 0 ? writable : [{ rva: 0, size: image.header.imageSize }];
  const sections: Section[] = [];
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
