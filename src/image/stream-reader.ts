import { hex } from '../address.js';
import { readBytes, type Source } from '../source/source.js';
import type { Container } from '../source/reading/container.js';

const AHEAD = 1 << 20;

/** Big-endian fields of a container that can only be walked from its start, read ahead in large pieces. */
export class StreamReader {
  /** File offset of the next byte. */
  offset = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private bufferAt = 0;
  private readonly source: Source;

  constructor(private readonly container: Container) {
    this.source = container.source;
  }

  get atEnd(): boolean {
    return this.offset >= this.source.byteLength;
  }

  /** @throws PoolTrackerError FORMAT_DAMAGED where the source ends */
  async u8(): Promise<number> {
    return (await this.take(1)).readUInt8();
  }

  async u32(): Promise<number> {
    return (await this.take(4)).readUInt32BE();
  }

  async u64(): Promise<bigint> {
    return (await this.take(8)).readBigUInt64BE();
  }

  /** A string behind its length in one byte. */
  async text(): Promise<string> {
    return (await this.take(await this.u8())).toString('latin1');
  }

  skip(count: number): void {
    this.offset += count;
  }

  async take(count: number): Promise<Buffer> {
    let at = this.offset - this.bufferAt;
    if (at + count > this.buffer.length) {
      this.buffer = await readBytes(this.source, this.offset, Math.max(AHEAD, count));
      this.bufferAt = this.offset;
      at = 0;
      if (this.buffer.length < count) throw this.container.damaged(`it ends at ${hex(this.source.byteLength)}, in the middle of a record`);
    }
    this.offset += count;
    return this.buffer.subarray(at, at + count);
  }
}
