import { damagedData } from './lz-window.js';

/** Bits from the top of each byte, of bytes at hand. */
export class Bzip2Bits {
  /** Of the next bit, from the first byte on. */
  position: number;

  constructor(private readonly bytes: Uint8Array, position: number) {
    this.position = position;
  }

  /** Whether as many bits are left. */
  has(count: number): boolean {
    return this.position + count <= this.bytes.length * 8;
  }

  /** At most 24 bits. @throws PoolTrackerError FORMAT_DAMAGED at the end */
  read(count: number): number {
    const { bytes, position } = this;
    const at = position >>> 3;
    this.position = position + count;
    if (this.position > bytes.length * 8) throw damagedData('they end in the middle of a bzip2 block');
    const word = (bytes[at]! << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return count === 0 ? 0 : (word << (position & 7)) >>> (32 - count);
  }
}
