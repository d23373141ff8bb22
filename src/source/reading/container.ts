import { hex } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import { readBytes, type Source } from '../source.js';
import { Fields } from '../../image/fields.js';

/** What the parsers of one format share: whose bytes they read, and how messages name what is wrong with them. */
export class Container {
  /** @param title the kind of file in a few words, as in "is a damaged LiME file" */
  constructor(
    readonly source: Source,
    readonly title: string,
  ) {}

  /** How messages name the file: its name, and what kind it is. */
  get label(): string {
    return `${this.source.name} (${this.title})`;
  }

  /** The file breaks its format's rules; `problem` says where, what was expected and what was found. */
  damaged(problem: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('FORMAT_DAMAGED', `${this.source.name} is a damaged ${this.title}: ${problem}`, { cause });
  }

  /** The file is whole, but of a kind that cannot be read here; `why` says which and why. */
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

  /** The same as `bytes`, to be read field by field. */
  async fields(offset: number, length: number, what: string): Promise<Fields> {
    return new Fields(this, await this.bytes(offset, length, what), what);
  }

  private cut(offset: number, length: number, what: string): PoolTrackerError {
    return this.damaged(
      `${what} at file offset ${hex(offset)} takes ${length} bytes, but the file ends at ${hex(this.source.byteLength)}`,
    );
  }
}
