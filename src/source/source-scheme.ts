import type { Source } from './source.js';
import type { ByteStream } from './stream/byte-stream.js';

/** How far a location may lead. */
export interface LocationOptions {
  /** Whether a server may redirect to another host. */
  readonly allowRedirects?: boolean;
  /** Files and folders in which local files must lie, companions too, through links as well; anywhere by default. */
  readonly within?: readonly string[];
  /** What is waited for is given up, and reads reject with its reason, when it comes. */
  readonly signal?: AbortSignal | undefined;
}

/** What a scheme is given beside the location. */
export interface SchemeOptions extends LocationOptions {
  /**
   * Opens another location as this program does, within the same bounds: the file or URL that this one is in.
   * @throws PoolTrackerError as for any location; SOURCE_UNREADABLE for one that can only be streamed
   */
  open(location: string): Promise<Source>;
}

/** Bytes that can be read once and in order. */
export interface StreamedBytes {
  /** As `Source.name`. */
  readonly name: string;
  /** Announced number of bytes, null if unknown. */
  readonly byteLength: number | null;
  /** The bytes; not before they are asked for. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Releases what they come from, also when not all were read. */
  close?(): void;
}

/**
 * A kind of location, recognised by its prefix. To add one: a file, and an entry in `open-source.ts`; or a plug-in, whose
 * scheme is asked for locations that begin with its name and a colon, and for no others.
 */
export interface SourceScheme {
  /** Lower case, as the location begins: `tar` for `tar:FILE`. */
  readonly name: string;
  /** Whether a location is of this kind. Cheap, never throws, opens nothing. */
  claims(location: string): boolean;
  /**
   * Opens it, for random access where that is possible.
   * @throws PoolTrackerError SOURCE_NOT_FOUND, SOURCE_NOT_PERMITTED, SOURCE_UNREADABLE, USAGE
   */
  open(location: string, options: SchemeOptions): Promise<Source | ByteStream | StreamedBytes>;
}
