import { hex } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import { readBytes, type Source } from '../source.js';
import type { ByteStream } from '../stream/byte-stream.js';
import type { DescriptorBytes } from '../stream/descriptor-bytes.js';
import type { Container } from './container.js';

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
    return new PoolTrackerError('FORMAT_REFUSED', `${this.name} is a ${this.title} that cannot be used: ${why}`, {
      hint,
    });
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

/** Reads a stream in pieces of one's own choice. */
export class StreamBytes {
  /** Bytes taken so far. */
  offset = 0;
  private readonly pieces: AsyncIterator<Uint8Array>;
  private readonly direct: DescriptorBytes | null;
  private piece: Uint8Array = new Uint8Array();

  constructor(stream: ByteStream) {
    this.direct = stream.direct;
    this.pieces = (stream.bytes as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  }

  /** Fills `target`. @returns how many bytes: fewer than its length only where the stream ends */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      if (this.piece.length === 0) {
        if (this.direct !== null) {
          filled += await this.direct.fill(target.subarray(filled));
          break;
        }
        const next = await this.pieces.next();
        if (next.done === true) break;
        this.piece = next.value;
      }
      const part = this.piece.subarray(0, target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.piece = this.piece.subarray(part.length);
    }
    this.offset += filled;
    return filled;
  }

  /** The next `length` bytes, or as many as there are. */
  async take(length: number): Promise<Buffer> {
    const target = Buffer.alloc(length);
    return target.subarray(0, await this.fill(target));
  }

  /** Puts bytes back in front, so that they are read again. */
  unread(bytes: Uint8Array): void {
    this.piece = this.piece.length === 0 ? bytes : Buffer.concat([bytes, this.piece]);
    this.offset -= bytes.length;
  }

  /** Passes over bytes. */
  async skip(length: number): Promise<void> {
    const target = Buffer.alloc(Math.min(length, 1 << 20));
    for (let left = length; left > 0;) {
      const filled = await this.fill(target.subarray(0, Math.min(left, target.length)));
      if (filled === 0) return;
      left -= filled;
    }
  }
}

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
      if (this.buffer.length < count)
        throw this.container.damaged(`it ends at ${hex(this.source.byteLength)}, in the middle of a record`);
    }
    this.offset += count;
    return this.buffer.subarray(at, at + count);
  }
}

/** Bytes read at a time. */
const PIECE = 1 << 20;

/** All bytes of a source in order, from the first to the last; one piece is read ahead. */
export async function* sourceBytes(source: Source): AsyncGenerator<Buffer> {
  let ahead = readBytes(source, 0, PIECE);
  for (let offset = 0; ;) {
    const piece = await ahead;
    if (piece.length === 0) return;
    offset += piece.length;
    ahead = readBytes(source, offset, PIECE);
    // It is awaited above, but not before the consumer comes back.
    ahead.catch(() => undefined);
    yield piece;
  }
}
