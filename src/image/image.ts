import type { PhysicalAddress, VirtualAddress } from '../address.js';
import type { Warning } from '../errors.js';
import type { ByteReader } from '../source/reading/byte-reader.js';
import type { Source } from '../source/source.js';
import type { RunList } from './run-list.js';

/** Processor architectures that Windows runs on. */
export type Architecture = 'x64' | 'x86' | 'arm64';

/** What a container says about the machine, apart from its pages. These are claims, to be proved by what the pages hold. */
export interface ImageHints {
  /** Of the processors. */
  readonly architecture?: Architecture;
  /** Candidates for the page table root, best first, and which part of the container names each. */
  readonly pageTableRoots?: readonly {
    /** Of the table of the highest level. */
    readonly address: PhysicalAddress;
    /** Which part of the container says so, for messages. */
    readonly from: string;
  }[];
  /** Address of the kernel's variable PsLoadedModuleList. */
  readonly psLoadedModuleList?: VirtualAddress;
  /** Address of the kernel's KDDEBUGGER_DATA64. */
  readonly kdDebuggerDataBlock?: VirtualAddress;
  /** When the image was taken, as the container says. */
  readonly systemTime?: Date;
  /** Number of processors. */
  readonly processors?: number;
  /** Build number of Windows, as in 19041. */
  readonly build?: number;
}

/** A container, opened: runs of physical memory in a source. The format's work ends here. */
export interface MemoryImage {
  /** The format's stable name, as `--image-format` takes it. */
  readonly format: string;
  /** Where the run list's offsets point: the file, or a view of it and its companions; closing it closes them all. */
  readonly source: Source;
  /** Where each stretch of physical memory lies in `source`. */
  readonly runs: RunList;
  /** What the container claims about the machine. */
  readonly hints: ImageHints;
  /** Faults of the container that reading went on in spite of: a file cut short, a missing companion. */
  readonly warnings: readonly Warning[];
}

/** The bytes of a stream that come next and are memory. */
export interface StreamedRun {
  /** Of the first of them; null where nothing tells. */
  readonly start: PhysicalAddress | null;
  /** Infinite for all that comes. */
  readonly length: number;
}

/** A container format. Adding one is a file that exports this and a line in `formats.ts`. */
export interface ImageFormat {
  /** Stable, kebab-case; what `--image-format` takes and records carry. */
  readonly name: string;
  /** A few words for `--help`. */
  readonly title: string;
  /** Set where files begin like a compression wrapper and are in none. */
  readonly keepsWrapper?: true;
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
  /**
   * Where memory lies in a stream, told as it comes; left out where a stream cannot tell. Who asks for the next run has
   * taken or skipped the bytes of the last one.
   * @param input at the first byte of the container
   * @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED as `open` does
   */
  stream?(input: ByteReader, warn: (warning: Warning) => void): AsyncIterable<StreamedRun>;
}
