/**
 * Buffers that are filled, read by whoever they are handed to, and filled again: a stream of any length passes through
 * a few of them. All lie in one memory, so that threads and WebAssembly read them where they are.
 */
export class BufferPool {
  private readonly free: number[] = [];
  private readonly holders: Int32Array;
  private readonly waiting: ((index: number) => void)[] = [];

  /**
   * @param start where the first buffer begins in `memory`
   * @param size bytes of each
   */
  constructor(
    readonly memory: ArrayBufferLike,
    private readonly start: number,
    readonly size: number,
    count: number,
  ) {
    this.holders = new Int32Array(count);
    for (let index = count - 1; index >= 0; index--) this.free.push(index);
  }

  /** A buffer of which the caller is the one holder; waits until one is free. */
  async acquire(): Promise<Uint8Array> {
    const index = this.free.pop() ?? (await new Promise<number>((resolve) => this.waiting.push(resolve)));
    this.holders[index] = 1;
    return new Uint8Array(this.memory, this.start + index * this.size, this.size);
  }

  /** Whether these bytes lie in a buffer of this pool. */
  owns(bytes: Uint8Array): boolean {
    return bytes.buffer === this.memory && bytes.byteOffset >= this.start;
  }

  /** Counts one more holder of the buffer that these bytes lie in. */
  retain(bytes: Uint8Array): void {
    this.holders[this.indexOf(bytes)]!++;
  }

  /** One holder is done; after the last one the buffer is free. */
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
