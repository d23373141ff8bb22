import { Readable } from 'node:stream';
import type { ByteOrigin } from '../reading/byte-origin.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { DescriptorBytes } from './descriptor-bytes.js';
import type { Source } from '../source.js';

/** Unread bytes that may wait. */
const WAITING = 1 << 20;

/** Where a stream comes from: counts what is fetched, and is closed with the stream. */
type StreamOrigin = Pick<Source, 'bytesRead'> & { close(): unknown };

/** Bytes that can be had only once and in order: from a pipe, a server that ignores ranges, or out of a wrapper. */
export class ByteStream {
  /** The one way to the bytes: what was peeked at is still there for who comes next. Breaks with a PoolTrackerError. */
  readonly reader: ByteReader;
  private readonly waiting: Readable | null;
  private passed = 0;

  /**
   * @param name as `Source.name`
   * @param claimedLength as many bytes as are said to come, null where nothing is said; others may come
   * @param pieces the bytes; made ahead of who reads them, but for an origin that fills the reader's own buffers
   */
  constructor(
    readonly name: string,
    readonly claimedLength: number | null,
    pieces: AsyncIterable<Uint8Array> | ByteOrigin,
    private readonly origin?: StreamOrigin,
  ) {
    this.waiting = Symbol.asyncIterator in pieces ? this.madeAhead(pieces) : null;
    this.reader = readerOf(this.waiting ?? (pieces as ByteOrigin), name, 'stream');
  }

  /** What comes through a descriptor: 0 is standard input. */
  static ofDescriptor(name: string, descriptor: number): ByteStream {
    const bytes = new DescriptorBytes(name, descriptor);
    return new ByteStream(name, null, bytes, bytes);
  }

  /** As `Source.bytesRead`. */
  get bytesRead(): number {
    return this.origin?.bytesRead ?? this.passed;
  }

  close(): void {
    if (this.waiting === null) this.origin?.close();
    else this.waiting.destroy();
  }

  private madeAhead(pieces: AsyncIterable<Uint8Array>): Readable {
    const waiting = Readable.from(this.counted(pieces), { objectMode: false, highWaterMark: WAITING });
    // Not in a finally of the pieces: a generator that was never asked does not run it.
    waiting.once('close', () => void this.origin?.close());
    return waiting;
  }

  private async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.passed += piece.length;
      yield piece;
    }
  }
}
