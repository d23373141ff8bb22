import type { Warning } from '../../errors.js';
import type { ByteReader } from '../reading/byte-reader.js';
import type { Source } from '../source.js';

/** Number of leading bytes that identify a wrapper: tar has its magic behind the first member's name. */
export const WRAPPER_HEAD = 512;

/** Receives faults that do not stop the reading. */
export type Warn = (warning: Warning) => void;

/** A compression of a whole image. To add one: a file that exports this, and an entry in `wrappers.ts`. */
export interface Wrapper {
  /** Stable; the name of its program: gzip, zstd. */
  readonly name: string;
  /** The name in messages: "gzip stream". */
  readonly title: string;
  /** Set where it holds files with names: what is read is one of them. */
  readonly isArchive?: true;
  /** Whether data that begins with `head` (WRAPPER_HEAD bytes, or fewer in a shorter source) is in this wrapper. */
  claims(head: Uint8Array): boolean;
  /**
   * Where data of this kind begin behind other bytes, as their end tells; asked where nothing claims the beginning. Null
   * where none do.
   * @param head the first bytes of `source`
   */
  startBehind?(head: Buffer, source: Source): Promise<number | null>;
  /**
   * The unwrapped contents, in pieces of at most a few MiB, whatever the input claims. Checksums that are there are
   * verified as the bytes pass.
   * @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED
   */
  unwrap(input: ByteReader, warn: Warn): AsyncIterable<Uint8Array>;
  /**
   * A view of the unwrapped contents with random access, if the file has an index; else null.
   * @throws PoolTrackerError FORMAT_DAMAGED for an index that is present and wrong
   */
  openIndexed?(source: Source): Promise<Source | null>;
  /** The unwrapped size in bytes, or its minimum, as the file states it; null where it does not. */
  unwrappedSize?(source: Source): Promise<number | null>;
}

/** Other bytes than zeros that may stand behind the end: a transfer's trailer, a block's padding. */
export const MAX_TAIL = 64 << 10;

/** A beginning with fewer wrong bits than this is a damaged one, not something else. */
const MAX_FLIPPED = 4;

function differentBits(bytes: Buffer, magic: Buffer): number {
  if (bytes.length < magic.length) return Infinity;
  let bits = 0;
  for (let at = 0; at < magic.length; at++) for (let odd = bytes[at]! ^ magic[at]!; odd !== 0; odd &= odd - 1) bits++;
  return bits;
}

/**
 * Takes what stands behind a complete stream and does not begin another one, when it is little: zeros, or at most
 * MAX_TAIL other bytes without the beginning of a stream in them. More is a stream whose beginning is damaged.
 * @param magic how a stream of the kind begins
 * @throws PoolTrackerError FORMAT_DAMAGED with what was expected
 */
export async function takeTail(input: ByteReader, magic: Buffer, expected: string, warn: Warn): Promise<void> {
  const { offset } = input;
  const isAlmost = differentBits(await input.peek(magic.length), magic) <= MAX_FLIPPED;
  const others: Buffer[] = [];
  let length = 0;
  let kept = 0;
  for (let piece = await input.next(1 << 20); piece !== null; piece = await input.next(1 << 20)) {
    length += piece.length;
    if (kept === 0 && piece.every((byte) => byte === 0)) continue;
    others.push(Buffer.from(piece));
    kept += piece.length;
    if (kept > MAX_TAIL) break;
  }
  if (kept > MAX_TAIL || isAlmost || Buffer.concat(others).includes(magic))
    throw input.damaged(
      `${expected} at offset ${offset}; ${kept > MAX_TAIL ? 'more than ' : ''}${length} bytes follow`,
    );
  warn({
    code: 'trailing-bytes',
    message: `${input.label}: the last ${length} bytes, from offset ${offset} on, stand behind its end and are left out`,
  });
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
