import { hex } from '../address.js';
import type { Container } from '../source/reading/container.js';

/** The little-endian fields of one structure of a container, by offset from the structure's start. */
export class Fields {
  /** @param what the structure's name, for messages */
  constructor(
    private readonly container: Container,
    readonly bytes: Buffer,
    private readonly what: string,
  ) {}

  u8(offset: number): number {
    return this.bytes.readUInt8(offset);
  }

  u16(offset: number): number {
    return this.bytes.readUInt16LE(offset);
  }

  u32(offset: number): number {
    return this.bytes.readUInt32LE(offset);
  }

  u64(offset: number): bigint {
    return this.bytes.readBigUInt64LE(offset);
  }

  /**
   * A 64-bit size, count or file offset.
   * @throws PoolTrackerError FORMAT_DAMAGED when it is 2^53 or more, which no file and no memory reaches
   */
  size(offset: number, name: string): number {
    const value = this.u64(offset);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.container.damaged(`${name} in ${this.what} is ${hex(value)}; expected less than 2^53`);
    }
    return Number(value);
  }

  /** A structure within this one. */
  part(offset: number, length: number): Fields {
    return new Fields(this.container, this.bytes.subarray(offset, offset + length), this.what);
  }

  /** The bytes at `offset` as ASCII, up to the first NUL. */
  text(offset: number, length: number): string {
    const text = this.bytes.toString('latin1', offset, offset + length);
    const end = text.indexOf('\0');
    return end < 0 ? text : text.slice(0, end);
  }
}
