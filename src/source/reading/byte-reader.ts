import { PoolTrackerError } from '../../errors.js';
import { unlessAborted } from '../../work.js';
import type { Source } from '../source.js';
import type { PipeThreads } from './pipe-turns.js';
import { type ByteOrigin, Pieces, SourceBytes } from './byte-origin.js';

/**
 * A reader from the origin's first byte.
 * @param origin an existing reader continues at its position, under another title
 * @param name how messages name it: a path or URL without credentials
 * @param title its kind, such as "gzip stream" in "is a damaged gzip stream"
 */
export function readerOf(
  origin: Source | ByteOrigin | AsyncIterable<Uint8Array> | ByteReader,
  name: string,
  title: string,
): ByteReader {
  if (origin instanceof ByteReader) return origin.as(title);
  // Checked before Source: a Readable has a `read` method too.
  if (Symbol.asyncIterator in origin) return new ByteReader(new Ahead(new Pieces(origin)), name, title);
  return new ByteReader(new Ahead('byteLength' in origin ? new SourceBytes(origin) : origin), name, title);
}

const NOTHING = Buffer.alloc(0);

/** Bytes that were read from an origin and not taken yet. */
class Ahead {
  offset = 0;
  bytes: Buffer = NOTHING;
  /** Ends what waits for the origin. */
  signal: AbortSignal | undefined;
  private ended = false;

  constructor(readonly origin: ByteOrigin) {}

  /** Reads until `count` bytes are buffered or the input ends. */
  async get(count: number): Promise<void> {
    const pieces = this.bytes.length > 0 ? [this.bytes] : [];
    for (let length = this.bytes.length; length < count && !this.ended; length += pieces.at(-1)!.length) {
      const piece = await unlessAborted(this.origin.next(), this.signal);
      this.ended = piece === null;
      if (piece === null) break;
      pieces.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    }
    this.bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  take(count: number): Buffer {
    const bytes = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    this.offset += bytes.length;
    return bytes;
  }

  /** Takes `count` bytes piece by piece, for origins without `fill` or `skip`; fewer at the end. */
  async *pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0;) {
      if (this.bytes.length === 0) await this.get(1);
      const piece = this.take(left);
      if (piece.length === 0) return;
      left -= piece.length;
      yield piece;
    }
  }
}

/** Reads bytes sequentially in pieces of any size, and creates errors about them. Calls must not overlap, but for `fill`. */
export class ByteReader {
  /** Called only by readerOf. */
  constructor(
    private readonly ahead: Ahead,
    /** The input's name, for messages. */
    readonly name: string,
    private readonly title: string,
  ) {}

  /** The input's name and kind, for messages. */
  get label(): string {
    return `${this.name} (${this.title})`;
  }

  /** Offset of the next byte. */
  get offset(): number {
    return this.ahead.offset;
  }

  /** The same reader at its current position, with `title` in its messages. */
  as(title: string): ByteReader {
    return new ByteReader(this.ahead, this.name, title);
  }

  /** From now on, what waits for bytes rejects with the reason of the signal when that comes. */
  obey(signal: AbortSignal): void {
    this.ahead.signal = signal;
  }

  /** The next `count` bytes, without taking them; fewer only at the end of the input. */
  async peek(count: number): Promise<Buffer> {
    if (this.ahead.bytes.length < count) await this.ahead.get(count);
    return this.ahead.bytes.subarray(0, count);
  }

  /** The next `count` bytes. @throws PoolTrackerError FORMAT_DAMAGED where the input ends within `what` */
  async take(count: number, what: string): Promise<Buffer> {
    if (this.ahead.bytes.length < count) await this.ahead.get(count);
    if (this.ahead.bytes.length < count) throw this.cut(what);
    return this.ahead.take(count);
  }

  /** Takes the bytes that are available, at most `most`; null at the end. */
  async next(most = Infinity): Promise<Buffer | null> {
    if (this.ahead.bytes.length === 0) await this.ahead.get(1);
    const bytes = this.ahead.take(most);
    return bytes.length === 0 ? null : bytes;
  }

  /** How many calls of `fill` may overlap: one, but for a pipe that is read by these threads. */
  overlapping(threads: PipeThreads | undefined): number {
    return threads !== undefined && this.ahead.origin.takesThreads === true ? threads.ahead : 1;
  }

  /**
   * Takes bytes into `target`.
   * @param threads read them, where the origin is a pipe
   * @returns how many: fewer than its length only at the end of the input
   */
  async fill(target: Uint8Array, threads?: PipeThreads): Promise<number> {
    const { ahead } = this;
    let filled = ahead.take(target.length).copy(target);
    if (ahead.origin.fill === undefined) {
      for await (const piece of ahead.pieces(target.length - filled)) {
        target.set(piece, filled);
        filled += piece.length;
      }
    } else if (filled < target.length) {
      const count = await unlessAborted(ahead.origin.fill(target.subarray(filled), threads), ahead.signal);
      ahead.offset += count;
      filled += count;
    }
    return filled;
  }

  /** Skips bytes: by seeking in a Source, by reading in a stream. @returns how many: fewer only at the end */
  async skip(count: number): Promise<number> {
    const { ahead } = this;
    let skipped = ahead.take(count).length;
    if (ahead.origin.skip === undefined) {
      for await (const { length } of ahead.pieces(count - skipped)) skipped += length;
    } else {
      const sought = ahead.origin.skip(count - skipped);
      ahead.offset += sought;
      skipped += sought;
    }
    return skipped;
  }

  /** Puts back the last bytes that were taken. */
  giveBack(bytes: Uint8Array): void {
    this.ahead.bytes = Buffer.concat([bytes, this.ahead.bytes]);
    this.ahead.offset -= bytes.length;
  }

  /** Whether all bytes were taken. */
  async atEnd(): Promise<boolean> {
    return (await this.peek(1)).length === 0;
  }

  /** Takes all remaining bytes, then closes the input. */
  async *rest(): AsyncGenerator<Buffer> {
    try {
      for (let piece = await this.next(); piece !== null; piece = await this.next()) yield piece;
    } finally {
      await this.close();
    }
  }

  /** The input violates its format; `problem` says what was expected and what was found. */
  damaged(problem: string, cause?: unknown): PoolTrackerError {
    return new PoolTrackerError('FORMAT_DAMAGED', `${this.name} is a damaged ${this.title}: ${problem}`, { cause });
  }

  /** The input ends too early, within `what`. */
  cut(what: string): PoolTrackerError {
    return this.damaged(`it ends after ${this.offset + this.ahead.bytes.length} bytes, in the middle of ${what}`);
  }

  /** The input is intact, but of an unsupported kind. */
  refused(why: string, hint: string): PoolTrackerError {
    return new PoolTrackerError('FORMAT_REFUSED', `${this.label} cannot be used: ${why}`, {
      hint,
    });
  }

  /** Closes the input; a Source stays open. */
  async close(): Promise<void> {
    await this.ahead.origin.close();
  }
}
