import type { ByteReader } from '../reading/byte-reader.js';
import type { Source } from '../source.js';

/** Number of leading bytes that identify a wrapper. */
export const WRAPPER_HEAD = 8;

/** A compression of a whole image. To add one: a file that exports this, and an entry in `wrappers.ts`. */
export interface Wrapper {
  /** Stable; the name of its program: gzip, zstd. */
  readonly name: string;
  /** The name in messages: "gzip stream". */
  readonly title: string;
  /** Whether data that begins with `head` (WRAPPER_HEAD bytes, or fewer in a shorter source) is in this wrapper. */
  claims(head: Uint8Array): boolean;
  /**
   * The unwrapped contents, in pieces of at most a few MiB, whatever the input claims.
   * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
   */
  unwrap(input: ByteReader): AsyncIterable<Uint8Array>;
  /**
   * A view of the unwrapped contents with random access, if the file has an index; else null.
   * @throws PoolTrackerError FORMAT_DAMAGED for an index that is present and wrong
   */
  openIndexed?(source: Source): Promise<Source | null>;
  /** The unwrapped size in bytes, or its minimum, as the file states it; null where it does not. */
  unwrappedSize?(source: Source): Promise<number | null>;
}

/** Skippable frames, common to zstd and LZ4, have 16 magic numbers (RFC 8878, 3.1.2). */
export function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}

/** Skips such a frame, whose magic number was already taken. */
export async function skipFrame(input: ByteReader): Promise<void> {
  for (let left = (await input.take(4, "a skippable frame's size")).readUInt32LE(); left > 0;) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut('a skippable frame');
    left -= piece.length;
  }
}
