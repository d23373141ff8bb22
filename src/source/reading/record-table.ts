import { Cache, cached } from './cache.js';
import { type Container, Fields } from './container.js';

/** Bytes of a table that are read and cached together. */
const SLICE = 1 << 14;

const SLICES_KEPT = 32;

/** A table of fixed-size records, too large to read whole: read in slices, the most recent of which are cached. */
export class RecordTable {
  private readonly slices = new Cache<number, Promise<Buffer>>(SLICES_KEPT);
  private readonly perSlice: number;

  /** @param what the name of a record, for messages */
  constructor(
    private readonly container: Container,
    private readonly offset: number,
    private readonly recordSize: number,
    readonly count: number,
    private readonly what: string,
  ) {
    this.perSlice = Math.floor(SLICE / recordSize);
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED when there is no such record or the file ends before it */
  async get(index: number): Promise<Fields> {
    if (index >= this.count)
      throw this.container.damaged(`${this.what} ${index} is asked for, where ${this.count} are`);
    const slice = Math.floor(index / this.perSlice);
    const bytes = await cached(this.slices, slice, 1, () => this.slice(slice));
    const at = (index - slice * this.perSlice) * this.recordSize;
    return new Fields(this.container, bytes.subarray(at, at + this.recordSize), this.what);
  }

  private slice(slice: number): Promise<Buffer> {
    const first = slice * this.perSlice;
    const length = Math.min(this.perSlice, this.count - first) * this.recordSize;
    return this.container.bytes(this.offset + first * this.recordSize, length, `the table of ${this.what}s`);
  }
}
