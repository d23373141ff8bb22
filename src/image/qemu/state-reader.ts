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
  /** Whether more was asked for than the file has. */
  isCut = false;

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

  /** Whether the file is read as it comes, and is never seen again. */
  get isStream(): boolean {
    return this.byteLength === Infinity;
  }

  /** Whether so many bytes are left. */
  async has(count: number): Promise<boolean> {
    if (!this.isStream) return this.offset + count <= this.byteLength;
    return (await this.input.peek(count)).length === count;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED where the file ends */
  async take(count: number): Promise<Buffer> {
    // Asked for each field of each page: a file's length is known without waiting.
    if (this.isStream || this.offset + count > this.byteLength) await this.requireLeft(count);
    return this.input.take(count, 'a record');
  }

  /** Takes the next byte if it is `mark`. @throws PoolTrackerError FORMAT_DAMAGED where the file ends */
  async takes(mark: number): Promise<boolean> {
    await this.requireLeft(1);
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
    const isThere = (await this.input.skip(count)) === count;
    if (!isThere) this.isCut = true;
    return isThere;
  }

  private async requireLeft(count: number): Promise<void> {
    if (await this.has(count)) return;
    this.isCut = true;
    const end = this.isStream ? this.offset + (await this.input.peek(count)).length : this.byteLength;
    throw this.complaints.damaged(`it ends at ${hex(end)}, in the middle of a record`);
  }
}
