import { MsfDamage } from './msf.js';

const SECTION_HEADER = 40;
/** A PE file has at most this many sections. */
const MAX_SECTIONS = 96;

/** Starts of the image's sections, relative to its base, from a stream of section headers as they stand in a PE file. */
export function sectionStarts(headers: Buffer): number[] {
  const count = Math.floor(headers.length / SECTION_HEADER);
  if (count === 0 || count > MAX_SECTIONS) throw new MsfDamage(`it has ${count} section headers`);
  return Array.from({ length: count }, (_, index) => headers.readUInt32LE(index * SECTION_HEADER + 12));
}

/**
 * Where the code and data of an image lie that was rearranged after it was linked (OMAP): ranges by their first address
 * before, each with its address now.
 */
export class AddressMap {
  private readonly count: number;

  constructor(private readonly pairs: Buffer) {
    this.count = Math.floor(pairs.length / 8);
  }

  /** The address now; null for what was removed, or lies before every range. */
  moved(rva: number): number | null {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.pairs.readUInt32LE(middle * 8) <= rva) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return null;
    const at = (low - 1) * 8;
    const to = this.pairs.readUInt32LE(at + 4);
    return to === 0 ? null : to + (rva - this.pairs.readUInt32LE(at));
  }
}
