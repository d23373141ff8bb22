import type { ByteStream } from './stream/byte-stream.js';
import type { DescriptorBytes } from './descriptor-bytes.js';

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
    for (let left = length; left > 0; ) {
      const filled = await this.fill(target.subarray(0, Math.min(left, target.length)));
      if (filled === 0) return;
      left -= filled;
    }
  }
}
