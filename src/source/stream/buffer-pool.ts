import type { PipeThreads } from '../reading/pipe-turns.js';

/**
 * Reference-counted buffers for reuse: a stream of any length passes through a few of them. All lie in one memory, so
 * that threads and WebAssembly read them in place.
 */
export class BufferPool {
  private readonly free: number[] = [];
  private readonly holders: Int32Array;
  private readonly waiting: ((index: number) => void)[] = [];

  /**
   * @param start offset of the first buffer in `memory`
   * @param size of each buffer in bytes
   */
  constructor(
    readonly memory: ArrayBufferLike,
    private readonly start: number,
    readonly size: number,
    count: number,
    /** Threads of its owner that fill buffers. */
    readonly threads?: PipeThreads,
  ) {
    this.holders = new Int32Array(count);
    for (let index = count - 1; index >= 0; index--) this.free.push(index);
  }

  /** A buffer whose only holder is the caller; waits until one is free. */
  async acquire(): Promise<Uint8Array> {
    const index = this.free.pop() ?? (await new Promise<number>((resolve) => this.waiting.push(resolve)));
    this.holders[index] = 1;
    return new Uint8Array(this.memory, this.start + index * this.size, this.size);
  }

  /** Whether these bytes lie in a buffer of this pool. */
  owns(bytes: Uint8Array): boolean {
    return bytes.buffer === this.memory && bytes.byteOffset >= this.start;
  }

  /** Adds a holder to the buffer that these bytes lie in. */
  retain(bytes: Uint8Array): void {
    this.holders[this.indexOf(bytes)]!++;
  }

  /** Removes a holder; without holders the buffer is free. */
  release(bytes: Uint8Array): void {
    const index = this.indexOf(bytes);
    if (--this.holders[index]! > 0) return;
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(index);
    else next(index);
  }

  private indexOf(bytes: Uint8Array): number {
    return Math.floor((bytes.byteOffset - this.start) / this.size);
  }
}
