import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { Kernel, Section } from '../../kernel/root/root.js';

/**
 * Maximum distance in bytes between the pointers and variables that belong to the tables. In 213 builds they lie within
 * 0x100 bytes of the array ExPoolTagTables, which itself has up to 16 KiB.
 */
const NEAR = 1 << 16;
/** Maximum number of pointers to follow; a real kernel has some thousands of page-aligned ones in its data. */
const MAX_POINTERS = 1 << 16;

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
