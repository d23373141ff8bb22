import { hex } from '../../address.js';
import type { PoolTrackerError } from '../../errors.js';
import type { ByteReader } from '../../source/reading/byte-reader.js';

/** Makes errors about a saved state, with its name: a container that is a file, or the reader of a stream. */
export interface StateComplaints {
  damaged(problem: string): PoolTrackerError;
  refused(why: string, hint: string): PoolTrackerError;
}

/** The big-endian fields of a saved state, which can only be read sequentially. */
export class StateReader {
  /** @param byteLength of the file; Infinity for a stream */
  constructor(
    private readonly input: ByteReader,
    private readonly complaints: StateComplaints,
    readonly byteLength: number,
  ) {}

  /** File offset of the next byte. */
  get offset(): number {
    return this.input.offset;
  }

  /** Whether so many bytes are left. */
  async has(count: number): Promise<boolean> {
    if (this.byteLength !== Infinity) return this.offset + count <= this.byteLength;
    return (await this.input.peek(count)).length === count;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED where the file ends */
  take(count: number): Promise<Buffer> {
    this.requireLeft(count);
    return this.input.take(count, 'a record');
  }

  /** Takes the next byte if it is `mark`. @throws PoolTrackerError FORMAT_DAMAGED where the file ends */
  async takes(mark: number): Promise<boolean> {
    this.requireLeft(1);
    const isMark = (await this.input.peek(1))[0] === mark;
    if (isMark) await this.input.skip(1);
    return isMark;
  }

  async u8(): Promise<number> {
    return (await this.take(1)).readUInt8();
  }

  async u16(): Promise<number> {
    return (await this.take(2)).readUInt16BE();
  }

  async u32(): Promise<number> {
    return (await this.take(4)).readUInt32BE();
  }

  async u64(): Promise<bigint> {
    return (await this.take(8)).readBigUInt64BE();
  }

  /** A string preceded by its length in one byte. */
  async text(): Promise<string> {
    return (await this.take(await this.u8())).toString('latin1');
  }

  /** @returns whether the file has that many more bytes */
  async skip(count: number): Promise<boolean> {
    return (await this.input.skip(count)) === count;
  }

  private requireLeft(count: number): void {
    const { byteLength } = this;
    if (this.offset + count > byteLength)
      throw this.complaints.damaged(`it ends at ${hex(byteLength)}, in the middle of a record`);
  }
}
