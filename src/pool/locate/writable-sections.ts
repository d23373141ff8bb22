import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { Kernel } from '../../kernel/root/root.js';

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

/**
 * Maximum distance in bytes between the pointers and variables that belong to the tables. In 213 builds they lie within
 * 0x100 bytes of the array ExPoolTagTables, which itself has up to 16 KiB.
 */
const NEAR = 1 << 16;
/** Maximum number of pointers to follow; a real kernel has some thousands of page-aligned ones in its data. */
const MAX_POINTERS = 1 << 16;

/** The kernel's writable sections; the whole image if its header lists none. */
export async function writableSections(kernel: Kernel): Promise<Section[]> {
  const { image, memory } = kernel;
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

/** Page-aligned kernel pointers outside the image, each with all addresses that hold it. */
export function pointersIn(sections: readonly Section[], kernel: Kernel): Map<VirtualAddress, VirtualAddress[]> {
  const { memory, image } = kernel;
  const end = image.base + BigInt(image.header.imageSize);
  // The highest byte of every kernel address, from which most of what is no pointer differs.
  const [least, top] = [memory.pointerSize === 8 ? 0xff : 0x80, memory.pointerSize - 1];
  const places = new Map<VirtualAddress, VirtualAddress[]>();
  for (const { start, bytes } of sections) {
    for (let at = 0; at + memory.pointerSize <= bytes.length; at += memory.pointerSize) {
      if (bytes[at + top]! < least || (bytes.readUInt16LE(at) & 0xfff) !== 0) continue;
      const value = memory.pointerAt(bytes, at);
      if (!memory.pageTable.isKernelAddress(value) || (value >= image.base && value < end)) continue;
      const known = places.get(value);
      const place = virtualAddress(start + BigInt(at));
      if (known !== undefined) known.push(place);
      else if (places.size < MAX_POINTERS) places.set(value, [place]);
    }
  }
  return places;
}

/**
 * Whether a variable near `place` holds this value.
 * @param within maximum distance in bytes
 */
export function standsNear(
  sections: readonly Section[],
  place: VirtualAddress,
  value: number,
  within = BigInt(NEAR),
): boolean {
  const section = sections.find(({ start, bytes }) => place >= start && place < start + BigInt(bytes.length));
  if (section === undefined) return false;
  const { pointerSize } = section;
  const at = Number(place - section.start);
  const bytes = section.bytes.subarray(Math.max(0, at - Number(within)), at + Number(within));
  const needle = Buffer.alloc(pointerSize);
  needle.writeUInt32LE(value);
  for (let found = bytes.indexOf(needle); found >= 0; found = bytes.indexOf(needle, found + 1))
    if (found % pointerSize === 0) return true;
  return false;
}
