import { PoolTrackerError } from '../../errors.js';
import { BlockCache } from './block-cache.js';
import type { FetchRange } from './request-queue.js';
import type { Alive } from './retry.js';
import { ByteStream } from '../stream/byte-stream.js';
import type { ByteRange, Source } from '../source.js';

/** Bytes fetched to open an object: enough for every probe, and to see whether ranges are honoured. */
export const HEAD_BYTES = 1 << 16;

/** Identifies one version of an object. */
export interface ObjectVersion {
  readonly byteLength: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** An object on a server that honours ranges; only the requested blocks are fetched. */
export class RemoteObject implements Source {
  private readonly cache: BlockCache;

  constructor(
    readonly name: string,
    readonly byteLength: number,
    head: Uint8Array,
    fetchRange: FetchRange,
    readonly sibling: (fileName: string) => Promise<Source | null>,
    /** Maximum number of requests in flight. */
    atOnce?: number,
  ) {
    this.cache = new BlockCache(byteLength, fetchRange, atOnce);
    this.cache.addHead(head);
  }

  get bytesRead(): number {
    return this.cache.bytesFetched;
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    return this.cache.read(target, offset);
  }

  prefetch(ranges: readonly ByteRange[]): Promise<void> {
    return this.cache.prefetch(ranges);
  }

  close(): Promise<void> {
    this.cache.close(new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${this.name}: it is closed`));
    return Promise.resolve();
  }
}

/** The opened companion; null when it does not exist, is not permitted, or does not allow random access. */
export async function companion(opening: Promise<Source | ByteStream>): Promise<Source | null> {
  try {
    const opened = await opening;
    if (!(opened instanceof ByteStream)) return opened;
    opened.close();
    return null;
  } catch (error) {
    if (error instanceof PoolTrackerError && ['SOURCE_NOT_FOUND', 'SOURCE_NOT_PERMITTED'].includes(error.code))
      return null;
    throw error;
  }
}

/** Rejects bytes of another version: tables mixed from two versions would be silently wrong. */
export function requireSameVersion(name: string, opened: ObjectVersion, found: ObjectVersion): void {
  const pairs = [
    ['length', opened.byteLength, found.byteLength],
    ['ETag', opened.etag, found.etag],
    ['Last-Modified', opened.lastModified, found.lastModified],
  ] as const;
  for (const [what, expected, actual] of pairs) {
    if (expected !== actual)
      throw changed(name, `its ${what} was ${expected ?? 'not told'} and is ${actual ?? 'not told'} now`);
  }
}

export function changed(name: string, how: string): PoolTrackerError {
  return new PoolTrackerError('SOURCE_CHANGED', `${name} changed while it was read: ${how}`, {
    hint: 'scan it again once it is no longer written to',
  });
}

/** `bytes 0-499/1234` (RFC 9110, 14.4) → first, last, whole length; null for anything else. */
export function parseContentRange(
  value: string | null | undefined,
): { first: number; last: number; total: number } | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(value ?? '');
  if (match === null) return null;
  const [first, last, total] = match.slice(1).map(Number) as [number, number, number];
  return first <= last && last < total && Number.isSafeInteger(total) ? { first, last, total } : null;
}

/**
 * The bytes of a response's body.
 * @param alive called for every piece
 * @throws the body's error; RangeError when there are not `length` bytes
 */
export async function bodyBytes(body: AsyncIterable<Uint8Array>, length: number, alive: Alive): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const piece of body) {
    alive(piece.length);
    if (filled + piece.length > length)
      throw new RangeError(`the answer has more than the ${length} bytes it announced`);
    bytes.set(piece, filled);
    filled += piece.length;
  }
  if (filled < length) throw new RangeError(`the answer ends after ${filled} of ${length} bytes`);
  return bytes;
}
