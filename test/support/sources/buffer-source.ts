import type { Source } from '../../../src/source/source.js';

/** A source over bytes at hand. */
export class BufferSource implements Source {
  bytesRead = 0;
  /** Calls of `read`. */
  reads = 0;

  constructor(
    protected readonly content: Uint8Array,
    readonly name = 'memory',
  ) {}

  get byteLength(): number {
    return this.content.length;
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    const part = this.content.subarray(offset, offset + target.length);
    target.set(part);
    this.bytesRead += part.length;
    this.reads++;
    return Promise.resolve(part.length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
