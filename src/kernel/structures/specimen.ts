import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import { isMapped } from '../../memory/paging/paging.js';
import { type VirtualMemory } from '../../memory/virtual-memory.js';

/**
 * What lies around an address in an object whose layout is not known. Offsets are relative to the address and may be
 * negative; what lies on a missing page, or beyond what was read, is null.
 */
export class Specimen {
  private constructor(
    readonly address: VirtualAddress,
    private readonly first: VirtualAddress,
    private readonly bytes: Buffer,
    private readonly present: readonly boolean[],
    private readonly memory: VirtualMemory,
  ) {}

  /** Reads through the page cache: specimens share pages. @param from offset of the first byte, `to` of the one after the last */
  static async read(memory: VirtualMemory, address: VirtualAddress, from: number, to: number): Promise<Specimen> {
    const start = virtualAddress(address + BigInt(from));
    const first = virtualAddress(start - (start % BigInt(PAGE_SIZE)));
    const count = Math.ceil((Number(start - first) + to - from) / PAGE_SIZE);
    const bytes = Buffer.alloc(count * PAGE_SIZE);
    const present: boolean[] = [];
    for (let page = 0; page < count; page++) {
      const mapped = await memory.translate(virtualAddress(first + BigInt(page * PAGE_SIZE)));
      const content = isMapped(mapped) ? await memory.physical.page(mapped.physicalAddress) : null;
      content?.copy(bytes, page * PAGE_SIZE);
      present.push(content !== null);
    }
    return new Specimen(address, first, bytes, present, memory);
  }

  /** Index of an offset in the bytes; null where they are missing. */
  private at(offset: number, length: number): number | null {
    const index = Number(this.address - this.first) + offset;
    if (index < 0 || index + length > this.bytes.length) return null;
    const isPresent = this.present[Math.floor(index / PAGE_SIZE)]!;
    return isPresent && this.present[Math.floor((index + length - 1) / PAGE_SIZE)]! ? index : null;
  }

  byte(offset: number): number | null {
    const at = this.at(offset, 1);
    return at === null ? null : this.bytes[at]!;
  }

  uint32(offset: number): number | null {
    const at = this.at(offset, 4);
    return at === null ? null : this.bytes.readUInt32LE(at);
  }

  uint64(offset: number): bigint | null {
    const at = this.at(offset, 8);
    return at === null ? null : this.bytes.readBigUInt64LE(at);
  }

  pointer(offset: number): VirtualAddress | null {
    const at = this.at(offset, this.memory.pointerSize);
    return at === null ? null : this.memory.pointerAt(this.bytes, at);
  }

  /** A number in a field of a pointer's size, as ids are kept; null also where it has more than 32 bits. */
  id(offset: number): number | null {
    const value = this.pointer(offset);
    return value === null || value > 0xffffffffn ? null : Number(value);
  }

  slice(offset: number, length: number): Buffer | null {
    const at = this.at(offset, length);
    return at === null ? null : this.bytes.subarray(at, at + length);
  }
}
