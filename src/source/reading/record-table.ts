import type { Container } from './container.js';
import { Fields } from './container.js';

/** Bytes of a table that are read and kept together. */
const SLICE = 1 << 14;

const SLICES_KEPT = 32;

/** A table of records of one size in a file, too large to be read whole: read in slices, the last ones kept. */
export class RecordTable {
  private readonly slices = new Map<number, Promise<Buffer>>();
  private readonly perSlice: number;

  /** @param what a record's name, for messages */
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
    const bytes = await this.slice(slice);
    const at = (index - slice * this.perSlice) * this.recordSize;
    return new Fields(this.container, bytes.subarray(at, at + this.recordSize), this.what);
  }

  private slice(slice: number): Promise<Buffer> {
    let bytes = this.slices.get(slice);
    if (bytes === undefined) {
      const first = slice * this.perSlice;
      const count = Math.min(this.perSlice, this.count - first);
      bytes = this.container.bytes(
        this.offset + first * this.recordSize,
        count * this.recordSize,
        `the table of ${this.what}s`,
      );
      bytes.catch(() => this.slices.delete(slice));
    }
    this.slices.delete(slice);
    this.slices.set(slice, bytes);
    if (this.slices.size > SLICES_KEPT) this.slices.delete(this.slices.keys().next().value!);
    return bytes;
  }
}
