import type { Warning } from '../errors.js';

/** Some bytes of a source. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Bytes with random access. All higher layers read through this interface, whether it is a file, a URL, a cache or the
 * decompressed view of a container.
 */
export interface Source {
  /** The name in messages: the path or URL as given, without credentials. */
  readonly name: string;
  /** Total length in bytes; at most 2^53 - 1. */
  readonly byteLength: number;
  /** Bytes fetched so far from the image's location (a decompressed view counts compressed bytes). */
  readonly bytesRead: number;
  /**
   * Fills `target` with the bytes from `offset` on. Many reads may be in flight.
   * @returns how many bytes were filled: fewer than `target.length` only where the source ends
   * @throws PoolTrackerError SOURCE_UNREADABLE, SOURCE_CHANGED
   */
  read(target: Uint8Array, offset: number): Promise<number>;
  /**
   * Fetches what is read next in as few requests as make sense, several at a time. Advice: of a long list only the
   * first ranges are fetched, and what cannot be is left for the read to tell. Absent where each read costs the same.
   */
  readonly prefetch?: Prefetch | undefined;
  /**
   * Opens the file of that name in the same folder; null when there is none. Absent for sources without one (a pipe).
   * @throws PoolTrackerError for one that exists and cannot be opened
   */
  sibling?(fileName: string): Promise<Source | null>;
  /** Where each of the files begins that it was joined from. */
  readonly parts?: readonly number[];
  /** Faults of what the bytes were unwrapped from. */
  readonly warnings?: readonly Warning[];
  /** The kind of archive that the bytes are a file in, in a few words. */
  readonly archive?: string | undefined;
  /** Releases the file or connection; reads fail afterwards. */
  close(): Promise<void>;
}

/** As `Source.prefetch`; rejects only where a signal ends it. */
export type Prefetch = (ranges: readonly ByteRange[]) => Promise<void>;

/** Number of leading bytes that identify a source's format (fewer when it is shorter). */
export const PROBE_LENGTH = 0x4000;

/** The parts of ranges that lie in [start, end), counted from `start`. */
export function rangesWithin(ranges: readonly ByteRange[], start: number, end: number): ByteRange[] {
  return ranges.flatMap(({ offset, length }) => {
    const from = Math.max(start, offset);
    const to = Math.min(end, offset + length);
    return to > from ? [{ offset: from - start, length: to - from }] : [];
  });
}

/** A source over bytes in memory. */
export function sourceOf(name: string, bytes: Buffer): Source {
  return {
    name,
    byteLength: bytes.length,
    bytesRead: bytes.length,
    read: (target, offset) => Promise.resolve(bytes.copy(target, 0, offset, offset + target.length)),
    close: () => Promise.resolve(),
  };
}

/** The last part of a source's name, without a URL's query: the base of its companions' names. */
export function fileNameOf(source: Source): string {
  const path = source.name.replace(/^([a-z0-9]+:\/\/[^?#]*).*$/i, '$1');
  return path.slice(path.search(/[^/\\]*$/));
}

/** Reads `length` bytes from `offset` on, or as many as there are before the end. */
export async function readBytes(source: Source, offset: number, length: number): Promise<Buffer> {
  const available = Math.max(0, Math.min(length, source.byteLength - offset));
  if (available === 0) return Buffer.alloc(0);
  const target = Buffer.alloc(available);
  const filled = await source.read(target, offset);
  return target.subarray(0, filled);
}

/**
 * The name of a location in messages and records: as given, but an http:// or https:// URL without its user part and
 * query, which can hold credentials.
 */
export function locationName(location: string): string {
  if (!/^https?:/i.test(location)) return location;
  if (!URL.canParse(location)) return 'a URL that cannot be read';
  const { origin, pathname } = new URL(location);
  return origin + pathname;
}

/** A user or password as URLs have them, decoded; what is no escape of UTF-8 is kept as it stands. */
export function decodedCredential(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  } catch {
    return text;
  }
}
