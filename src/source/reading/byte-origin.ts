import { readBytes, type Source } from '../source.js';

/** Where a reader takes its bytes from, in order. */
export interface ByteOrigin {
  /** Whatever comes next, at least a byte; null at the end. */
  next(): Promise<Uint8Array | null>;
  /** Fills `target` without a copy in between; fewer bytes than its length only at the end. */
  fill?(target: Uint8Array): Promise<number>;
  /** Passes over bytes without reading them. @returns how many there were, `count` at most */
  skip?(count: number): number;
  close(): unknown;
}

/** What something else makes, piece by piece. */
export class Pieces implements ByteOrigin {
  private readonly iterator: AsyncIterator<Uint8Array>;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.iterator = pieces[Symbol.asyncIterator]();
  }

  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const { done, value } = await this.iterator.next();
      if (done === true) return null;
      if (value.length > 0) return value;
    }
  }

  async close(): Promise<void> {
    await this.iterator.return?.();
  }
}

const FIRST_READ = 64;
const MAX_READ = 1 << 20;

/**
 * A source from its first byte on. Who follows headers far apart reads little more than the headers: reads begin small
 * and double for as long as they lie close to each other; from the largest on, one is under way ahead of who asks.
 */
export class SourceBytes implements ByteOrigin {
  private position = 0;
  private size = FIRST_READ;
  private ahead: { readonly at: number; readonly bytes: Promise<Buffer> } | null = null;

  constructor(private readonly source: Source) {}

  async next(): Promise<Uint8Array | null> {
    const { position, ahead } = this;
    const within = ahead === null ? -1 : position - ahead.at;
    const isAhead = within >= 0 && within < MAX_READ;
    const bytes = isAhead ? (await ahead!.bytes).subarray(within) : await readBytes(this.source, position, this.size);
    this.position = position + bytes.length;
    this.ahead = this.size === MAX_READ && this.position < this.source.byteLength ? this.startReading() : null;
    this.size = Math.min(MAX_READ, this.size * 2);
    return bytes.length === 0 ? null : bytes;
  }

  skip(count: number): number {
    const skipped = Math.max(0, Math.min(count, this.source.byteLength - this.position));
    this.position += skipped;
    if (skipped > MAX_READ) this.size = FIRST_READ;
    return skipped;
  }

  /** The source stays open: it belongs to who opened it. */
  close(): void {
    this.ahead = null;
  }

  private startReading(): { at: number; bytes: Promise<Buffer> } {
    const bytes = readBytes(this.source, this.position, MAX_READ);
    // It is awaited by who asks for it, but that may be nobody.
    bytes.catch(() => undefined);
    return { at: this.position, bytes };
  }
}
