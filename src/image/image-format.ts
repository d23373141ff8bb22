import type { Source } from '../source/source.js';
import type { MemoryImage } from './image.js';

/** How many bytes of a source every probe is shown (fewer when the source is shorter). */
export const PROBE_LENGTH = 0x4000;

/** A container format. Adding one is a file that exports this and a line in `formats.ts`. */
export interface ImageFormat {
  /** Stable, kebab-case; what `--image-format` takes and records carry. */
  readonly name: string;
  /** A few words for `--help`. */
  readonly title: string;
  /**
   * Whether this format claims a source that begins with `head` (its first PROBE_LENGTH bytes). Cheap, never throws.
   * A damaged or refused file of the format is still claimed: `open` says what is wrong with it.
   */
  probe(head: Buffer, source: Source): boolean | Promise<boolean>;
  /**
   * Reduces the container to runs. Reads headers only; every count and offset is bounded by the source's length.
   * @throws PoolTrackerError FORMAT_REFUSED for kinds that cannot carry the tables, FORMAT_DAMAGED
   */
  open(source: Source): Promise<MemoryImage>;
}
