/**
 * The random-access seam. Everything above reads bytes through it and cannot tell a file from a URL, a cache or the
 * decompressed view of a container.
 */
export interface Source {
  /** How messages name it: the path or URL as given, never with credentials. */
  readonly name: string;
  /** Bytes in all; at most 2^53 - 1. */
  readonly byteLength: number;
  /** Bytes fetched so far from where the image lives (a decompressed view counts what it fetched, not what it gave). */
  readonly bytesRead: number;
  /**
   * Fills `target` with the bytes from `offset` on. Many reads may be in flight.
   * @returns how many bytes were filled: fewer than `target.length` only where the source ends
   * @throws PoolTrackerError SOURCE_UNREADABLE, SOURCE_CHANGED
   */
  read(target: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

/** Reads `length` bytes from `offset` on, or as many as there are before the end. */
export async function readBytes(source: Source, offset: number, length: number): Promise<Buffer> {
  const available = Math.max(0, Math.min(length, source.byteLength - offset));
  const target = Buffer.alloc(available);
  const filled = await source.read(target, offset);
  return target.subarray(0, filled);
}
