import type { Warning } from '../../errors.js';
import type { ByteOrigin } from '../reading/byte-origin.js';
import { type ByteReader, readerOf } from '../reading/byte-reader.js';
import { DescriptorBytes } from './descriptor-bytes.js';
import { MadeAhead } from './made-ahead.js';
import type { Source } from '../source.js';

/**
 * The origin of a stream: counts fetched bytes where they are not those of the stream, knows what lies beside it, and is
 * closed with it.
 */
type StreamOrigin = Partial<Pick<Source, 'bytesRead' | 'sibling'>> & { close(): unknown };

/** Bytes that can be read once and in order: from a pipe, a server that ignores ranges, or a wrapper. */
export class ByteStream {
  /** The only access to the bytes: peeked bytes stay available. Fails with a PoolTrackerError. */
  readonly reader: ByteReader;
  private readonly bytes: ByteOrigin;
  private passed = 0;

  /**
   * @param name as `Source.name`
   * @param claimedLength announced number of bytes, null if unknown; the actual number may differ
   * @param pieces the bytes; produced ahead of the reader, except by an origin that fills the reader's own buffers
   */
  constructor(
    readonly name: string,
    readonly claimedLength: number | null,
    pieces: AsyncIterable<Uint8Array> | ByteOrigin,
    private readonly origin?: StreamOrigin,
    /** Faults of what the bytes were unwrapped from; complete after the last byte. */
    readonly warnings: Warning[] = [],
    /** As `Source.archive`. */
    readonly archive?: string,
  ) {
    this.bytes =
      Symbol.asyncIterator in pieces ? new MadeAhead(this.counted(pieces), () => void this.origin?.close()) : pieces;
    this.reader = readerOf(this.bytes, name, 'stream');
  }

  /** The bytes of a file descriptor: 0 is standard input. */
  static ofDescriptor(name: string, descriptor: number): ByteStream {
    const bytes = new DescriptorBytes(name, descriptor);
    return new ByteStream(name, null, bytes, bytes);
  }

  /** As `Source.bytesRead`. */
  get bytesRead(): number {
    return this.origin?.bytesRead ?? this.passed;
  }

  /** As `Source.sibling`, beside what the bytes are unwrapped from; also when the stream is closed. */
  sibling(fileName: string): Promise<Source | null> {
    return this.origin?.sibling?.(fileName) ?? Promise.resolve(null);
  }

  close(): void {
    if (this.bytes instanceof MadeAhead) this.bytes.close();
    else this.origin?.close();
  }

  private async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.passed += piece.length;
      yield piece;
    }
  }
}
