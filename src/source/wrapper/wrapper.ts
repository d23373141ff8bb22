import type { ByteReader } from '../reading/byte-reader.js';
import type { Source } from '../source.js';

/** How many first bytes tell a wrapper. */
export const WRAPPER_HEAD = 8;

/** A compression around a whole image. Adding one is a file that exports this and a line in `wrappers.ts`. */
export interface Wrapper {
  /** Stable, as its program is called: gzip, zstd. */
  readonly name: string;
  /** As messages name it: "gzip stream". */
  readonly title: string;
  /** Whether it begins with these bytes (WRAPPER_HEAD of them, or fewer where the source is shorter). */
  claims(head: Uint8Array): boolean;
  /**
   * What is wrapped, in pieces of at most a few MiB whatever the input claims.
   * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
   */
  unwrap(input: ByteReader): AsyncIterable<Uint8Array>;
  /**
   * A view of what is wrapped that can be read anywhere, where the file carries an index for that; null where not.
   * @throws PoolTrackerError FORMAT_DAMAGED for an index that is there and wrong
   */
  openIndexed?(source: Source): Promise<Source | null>;
  /** How many bytes are wrapped, or at least how many, as the file claims; null where it does not. */
  unwrappedSize?(source: Source): Promise<number | null>;
}

/** zstd and LZ4 share frames that are not theirs, with 16 magic numbers (RFC 8878, 3.1.2). */
export function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}

/** Takes such a frame from behind its magic number on. */
export async function skipFrame(input: ByteReader): Promise<void> {
  for (let left = (await input.take(4, "a skippable frame's size")).readUInt32LE(); left > 0;) {
    const piece = await input.next(left);
    if (piece === null) throw input.cut('a skippable frame');
    left -= piece.length;
  }
}
