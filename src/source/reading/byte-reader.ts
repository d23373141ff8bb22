import { PoolTrackerError } from '../../errors.js';

const NOTHING = Buffer.alloc(0);

/** The wrapped bytes in order, taken in pieces of any size, and how messages name what is wrong with them. */
export class WrapperInput {
  /** How many bytes were taken so far. */
  taken = 0;
  private readonly pieces: AsyncIterator<Uint8Array>;
  private ahead: Buffer = NOTHING;
  private ended = false;

  /** @param title the kind of wrapper, as in "is a damaged gzip stream" */
  constructor(
    bytes: AsyncIterable<Uint8Array>,
    private readonly name: string,
    private readonly title: string,
  ) {
    this.pieces = bytes[Symbol.asyncIterator]();
  }

  /** The wrapper breaks its format's rules; `problem` says what was expected and what was found. */
  damaged(problem: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('FORMAT_DAMAGED', `${this.name} is a damaged ${this.title}: ${problem}`, { cause });
  }

  /** The wrapper is whole, but of a kind that is not unwrapped here. */
  refused(why: string, hint: string): PoolTrackerError {
    return new PoolTrackerError('FORMAT_REFUSED', `${this.name} is a ${this.title} that cannot be used: ${why}`, { hint });
  }

  /** The next `count` bytes, which stay to be taken; fewer only where the input ends. */
  async peek(count: number): Promise<Buffer> {
    if (this.ahead.length < count && !this.ended) await this.fill(count);
    return this.ahead.subarray(0, count);
  }

  /** The next `count` bytes. @throws PoolTrackerError FORMAT_DAMAGED where the input ends before them */
  async take(count: number, what: string): Promise<Buffer> {
    const bytes = await this.peek(count);
    if (bytes.length < count) throw this.cut(what);
    this.skip(count);
    return bytes;
  }

  /** Takes bytes that were peeked at. */
  skip(count: number): void {
    this.ahead = this.ahead.subarray(count);
    this.taken += count;
  }

  /** Takes whatever is at hand, at most `most` bytes; null at the end. */
  async next(most = Infinity): Promise<Buffer | null> {
    const bytes = (await this.peek(1)).length === 0 ? null : this.ahead.subarray(0, Math.min(most, this.ahead.length));
    if (bytes !== null) this.skip(bytes.length);
    return bytes;
  }

  /** Takes everything that is left, and lets go of the input. */
  async *rest(): AsyncGenerator<Buffer> {
    try {
      for (let piece = await this.next(); piece !== null; piece = await this.next()) yield piece;
    } finally {
      await this.close();
    }
  }

  /** Gives back the last bytes that were taken. */
  giveBack(bytes: Uint8Array): void {
    this.ahead = Buffer.concat([bytes, this.ahead]);
    this.taken -= bytes.length;
  }

  async atEnd(): Promise<boolean> {
    return (await this.peek(1)).length === 0;
  }

  cut(what: string): PoolTrackerError {
    return this.damaged(`it ends after ${this.taken + this.ahead.length} bytes, in the middle of ${what}`);
  }

  /** Lets go of the input. */
  async close(): Promise<void> {
    await this.pieces.return?.();
  }

  private async fill(count: number): Promise<void> {
    const pieces = this.ahead.length > 0 ? [this.ahead] : [];
    for (let length = this.ahead.length; length < count; length += pieces.at(-1)!.length) {
      const { done, value } = await this.pieces.next();
      this.ended = done === true;
      if (this.ended) break;
      pieces.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    }
    this.ahead = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }
}
