import { hex } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import { readBytes, type Source } from '../source.js';

/** Creates errors about damage, with the file's name. */
export interface Complaints {
  damaged(problem: string, cause?: unknown): PoolTrackerError;
}

/** The little-endian fields of one structure in a container, by offset from the structure's start. */
export class Fields {
  /** @param what the structure's name, for messages */
  constructor(
    private readonly file: Complaints,
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
   * @throws PoolTrackerError FORMAT_DAMAGED when it is 2^53 or more, larger than any file or memory
   */
  size(offset: number, name: string): number {
    const value = this.u64(offset);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.file.damaged(`${name} in ${this.what} is ${hex(value)}; expected less than 2^53`);
    }
    return Number(value);
  }

  /** A structure within this one. */
  part(offset: number, length: number): Fields {
    return new Fields(this.file, this.bytes.subarray(offset, offset + length), this.what);
  }

  /** The bytes at `offset` as ASCII, up to the first NUL. */
  text(offset: number, length: number): string {
    const text = this.bytes.toString('latin1', offset, offset + length);
    const end = text.indexOf('\0');
    return end < 0 ? text : text.slice(0, end);
  }
}

/** Bytes of a large structure that are held at a time. */
const PIECE = 1 << 18;

/** Shared by the parsers of one format: the source that they read, and its name in error messages. */
export class Container implements Complaints {
  /** @param title the kind of file in a few words, such as "LiME file" in "is a damaged LiME file" */
  constructor(
    readonly source: Source,
    readonly title: string,
  ) {}

  /** The file's name and kind, for messages. */
  get label(): string {
    return `${this.source.name} (${this.title})`;
  }

  /** The file violates its format; `problem` says where, what was expected and what was found. */
  damaged(problem: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('FORMAT_DAMAGED', `${this.source.name} is a damaged ${this.title}: ${problem}`, {
      cause,
    });
  }

  /** The file is intact, but of an unsupported kind; `why` says which and why. */
  refused(why: string, hint: string): PoolTrackerError {
    return new PoolTrackerError('FORMAT_REFUSED', `${this.label} cannot be used: ${why}`, { hint });
  }

  /**
   * The `length` bytes of the structure `what` at `offset`.
   * @throws PoolTrackerError FORMAT_DAMAGED when the file ends before the structure does
   */
  async bytes(offset: number, length: number, what: string): Promise<Buffer> {
    if (offset + length > this.source.byteLength) throw this.cut(offset, length, what);
    const bytes = await readBytes(this.source, offset, length);
    if (bytes.length < length) throw this.cut(offset, length, what);
    return bytes;
  }

  /** The same piece by piece, for structures that are too large to hold. */
  async *pieces(offset: number, length: number, what: string): AsyncGenerator<Buffer> {
    for (let done = 0; done < length; done += PIECE) {
      yield await this.bytes(offset + done, Math.min(PIECE, length - done), what);
    }
  }

  /** As `bytes`, for access field by field. */
  async fields(offset: number, length: number, what: string): Promise<Fields> {
    return new Fields(this, await this.bytes(offset, length, what), what);
  }

  private cut(offset: number, length: number, what: string): PoolTrackerError {
    return this.damaged(
      `${what} at file offset ${hex(offset)} takes ${length} bytes, but the file ends at ${hex(this.source.byteLength)}`,
    );
  }
}
