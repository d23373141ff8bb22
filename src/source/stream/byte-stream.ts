import { Readable } from 'node:stream';
import { DescriptorBytes } from './descriptor-bytes.js';
import type { Source } from '../source.js';

/** Unread bytes that may wait. */
const WAITING = 1 << 20;

/** Bytes that can be had only once and in order: from a pipe, a server that ignores ranges, or out of a wrapper. */
export class ByteStream {
  /** Ends with a PoolTrackerError when it breaks. */
  readonly bytes: Readable;
  private passed = 0;

  /**
   * @param name as `Source.name`
   * @param claimedLength as many bytes as are said to come, null where nothing is said; others may come
   * @param origin where the pieces are taken from: counts what is fetched, and is closed with the stream
   * @param direct the same bytes for who would rather have them filled into a buffer: either these or `bytes`
   */
  constructor(
    readonly name: string,
    readonly claimedLength: number | null,
    pieces: AsyncIterable<Uint8Array>,
    private readonly origin?: Pick<Source, 'bytesRead'> & { close(): unknown },
    readonly direct: DescriptorBytes | null = null,
  ) {
    this.bytes = Readable.from(this.counted(pieces), { objectMode: false, highWaterMark: WAITING });
    // Not in a finally of the pieces: a generator that was never asked does not run it.
    this.bytes.once('close', () => void origin?.close());
  }

  /** What comes through a descriptor: 0 is standard input. */
  static ofDescriptor(name: string, descriptor: number): ByteStream {
    const direct = new DescriptorBytes(name, descriptor);
    return new ByteStream(name, null, direct.pieces(), direct, direct);
  }

  /** As `Source.bytesRead`. */
  get bytesRead(): number {
    return this.origin?.bytesRead ?? this.passed;
  }

  close(): void {
    this.bytes.destroy();
  }

  private async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.passed += piece.length;
      yield piece;
    }
  }
}
