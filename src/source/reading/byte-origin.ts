import { readBytes, type Source } from '../source.js';
import type { PipeThreads } from './pipe-turns.js';

/** A sequential origin of a reader's bytes. */
export interface ByteOrigin {
  /** The next bytes, at least one; null at the end. */
  next(): Promise<Uint8Array | null>;
  /**
   * Fills `target` without an intermediate copy; with fewer bytes than its length only at the end.
   * @param threads may do it, where `takesThreads`: then calls may overlap
   */
  fill?(target: Uint8Array, threads?: PipeThreads): Promise<number>;
  readonly takesThreads?: boolean;
  /** Skips bytes without reading them. @returns how many were skipped, at most `count` */
  skip?(count: number): number;
  close(): unknown;
}

/** Pieces from an async iterable. */
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
 * A source, read from its first byte. Following headers that are far apart reads little more than the headers: reads
 * start small and double while they are close together; at the maximum size, one read is issued ahead of the reader.
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

  /** The source stays open: whoever opened it closes it. */
  close(): void {
    this.ahead = null;
  }

  private startReading(): { at: number; bytes: Promise<Buffer> } {
    const bytes = readBytes(this.source, this.position, MAX_READ);
    // The read may never be awaited: its rejection must not go unhandled.
    bytes.catch(() => undefined);
    return { at: this.position, bytes };
  }
}
