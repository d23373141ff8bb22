import { PoolTrackerError } from '../errors.js';

/** The error for compressed data that break the rules of their format; the caller, who knows the file, adds where. */
export function damagedData(problem: string): PoolTrackerError {
  return new PoolTrackerError('FORMAT_DAMAGED', `the compressed data are damaged: ${problem}`);
}

/** Up to as many bytes are copied faster one by one than through a view or by a call. */
const SHORT = 48;

const NOTHING: Uint8Array = new Uint8Array(0);

/** Compressed bytes, read from the front; reading beyond them is an error, never `undefined`. */
export class LzInput {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    if (this.at >= this.bytes.length)
      throw damagedData(`they end after ${this.bytes.length} bytes, in the middle of a token`);
    return this.bytes[this.at++]!;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  take(count: number): Uint8Array {
    this.pass(count);
    return this.bytes.subarray(this.at - count, this.at);
  }

  pass(count: number): void {
    if (count > this.left) throw damagedData(`${count} literals are announced, ${this.left} bytes are left`);
    this.at += count;
  }
}

/** The output of an LZ decoder so far, from which matches copy; never longer than announced. */
export class LzOutput {
  length: number;
  private readonly bytes: Buffer;
  private readonly limit: number;

  /**
   * @param limit the decompressed size in bytes, from the container; more is an error
   * @param history earlier output that matches may copy from; not part of the result
   */
  constructor(
    limit: number,
    private readonly history = NOTHING,
  ) {
    this.length = history.length;
    this.limit = history.length + limit;
    this.bytes = Buffer.allocUnsafe(this.limit);
    this.bytes.set(history);
  }

  get full(): boolean {
    return this.length >= this.limit;
  }

  literal(byte: number): void {
    this.claim(1);
    this.bytes[this.length++] = byte;
  }

  literals(bytes: Uint8Array): void {
    this.claim(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The next `count` bytes of the input, as they are. */
  copy(input: LzInput, count: number): void {
    if (count > SHORT) return this.literals(input.take(count));
    const { bytes, length: to } = this;
    const { bytes: from, at } = input;
    input.pass(count);
    this.claim(count);
    for (let index = 0; index < count; index++) bytes[to + index] = from[at + index]!;
    this.length = to + count;
  }

  /** Repeats `count` bytes from `distance` back; they may overlap what they make. */
  match(distance: number, count: number): void {
    if (distance < 1 || distance > this.length) {
      throw damagedData(`a match reaches ${distance} bytes back, where ${this.length} are`);
    }
    this.claim(count);
    const { bytes, length: from } = this;
    this.length = from + count;
    if (count > SHORT && count <= distance) bytes.copyWithin(from, from - distance, from - distance + count);
    else for (let to = from; to < from + count; to++) bytes[to] = bytes[to - distance]!;
  }

  /** The output. */
  result(): Buffer {
    return this.bytes.subarray(this.history.length, this.length);
  }

  private claim(count: number): void {
    if (this.length + count > this.limit)
      throw damagedData(`they hold more than the ${this.limit - this.history.length} bytes announced`);
  }
}
