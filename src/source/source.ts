/**
 * Bytes with random access. Everything above reads through this interface and cannot tell a file from a URL, a cache or
 * the decompressed view of a container.
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
  /**
   * Opens the file of that name beside this one; null when there is none. Absent where nothing lies beside (a pipe).
   * @throws PoolTrackerError for one that is there and cannot be opened
   */
  sibling?(fileName: string): Promise<Source | null>;
  /** Releases the file or connection; reads fail afterwards. */
  close(): Promise<void>;
}

/** How many first bytes tell what a source holds (fewer when it is shorter). */
export const PROBE_LENGTH = 0x4000;

/** A source over bytes at hand. */
export function sourceOf(name: string, bytes: Buffer): Source {
  return {
    name,
    byteLength: bytes.length,
    bytesRead: bytes.length,
    read: (target, offset) => Promise.resolve(bytes.copy(target, 0, offset, offset + target.length)),
    close: () => Promise.resolve(),
  };
}

/** The last part of a source's name, without a URL's query: what its companions' names are made from. */
export function fileNameOf(source: Source): string {
  const path = source.name.replace(/^([a-z0-9]+:\/\/[^?#]*).*$/i, '$1');
  return path.slice(path.search(/[^/\\]*$/));
}

/** Reads `length` bytes from `offset` on, or as many as there are before the end. */
export async function readBytes(source: Source, offset: number, length: number): Promise<Buffer> {
  const available = Math.max(0, Math.min(length, source.byteLength - offset));
  const target = Buffer.alloc(available);
  const filled = await source.read(target, offset);
  return target.subarray(0, filled);
}

/**
 * How messages and records name a place: as it was given, but for an http:// or https:// URL neither its user part nor
 * its query, where credentials are.
 */
export function locationName(location: string): string {
  if (!/^https?:/i.test(location)) return location;
  if (!URL.canParse(location)) return 'a URL that cannot be read';
  const { origin, pathname } = new URL(location);
  return origin + pathname;
}
