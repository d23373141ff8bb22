import type { Source } from '../../../src/source/source.js';
import type { SparseMemory } from '../generate/sparse-memory.js';

/** A raw image of generated memory of any size: what was not written to reads as zeros. */
export class SparseSource implements Source {
  bytesRead = 0;

  constructor(
    private readonly memory: SparseMemory,
    readonly name: string,
  ) {}

  get byteLength(): number {
    return this.memory.byteLength;
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    const length = Math.max(0, Math.min(target.length, this.byteLength - offset));
    target.set(this.memory.read(offset, length));
    this.bytesRead += length;
    return Promise.resolve(length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
