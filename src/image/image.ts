import type { PhysicalAddress, VirtualAddress } from '../address.js';
import type { Warning } from '../errors.js';
import type { ByteReader } from '../source/reading/byte-reader.js';
import type { Source } from '../source/source.js';
import type { RunList } from './run-list.js';
import type { Unreadable } from './unreadable.js';

/** Processor architectures that Windows runs on. */
export type Architecture = 'x64' | 'x86' | 'arm64';

/** What a container says about the machine, apart from its pages. Unverified claims. */
export interface ImageHints {
  /** Architecture of the processors. */
  readonly architecture?: Architecture;
  /** Candidates for the page table root, best first, and the part of the container that gives each. */
  readonly pageTableRoots?: readonly {
    /** Of the table of the highest level; where the architecture is unknown, bits below a page's may be flags. */
    readonly address: PhysicalAddress;
    /** The part of the container that gives it, for messages. */
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
  /** Windows build number, such as 19041. */
  readonly build?: number;
}

/** An opened container: runs of physical memory in a source, independent of the format. */
export interface MemoryImage {
  /** The format's stable name, as `--image-format` takes it. */
  readonly format: string;
  /** The base of the run list's offsets: the file, or a view of it and its companions, which close with it. */
  readonly source: Source;
  /** The location of each range of physical memory in `source`. */
  readonly runs: RunList;
  /** What the container claims about the machine. */
  readonly hints: ImageHints;
  /** Pages that turned out to be unreadable, as far as the image was read. */
  readonly unreadable: Unreadable;
  /** Non-fatal faults of the container: a truncated file, a missing companion. */
  readonly warnings: readonly Warning[];
}

/** What an `ImageFormat` makes of a container: an image of which nothing was read yet. */
export interface OpenedImage<Runs = RunList> extends Omit<MemoryImage, 'unreadable' | 'runs'> {
  /** The location of each range of physical memory in `source`; of a plug-in, in any order and not yet checked. */
  readonly runs: Runs;
}

/**
 * A warning that any page may hold other bytes than memory did, where it is not known which: no count is certain then.
 * Of a file and of a stream alike.
 */
export function doubtful(message: string): Warning {
  return { code: DOUBTFUL, message };
}

/** The code of such a warning. */
export const DOUBTFUL = 'image-doubtful';

/** Faults of the container, and of what was read of it until now. */
export function warningsOf({ warnings, unreadable }: MemoryImage): Warning[] {
  return [...warnings, ...unreadable.warnings];
}

/** The next bytes of a stream that are memory. */
export interface StreamedRun {
  /** Address of the first byte; null when unknown. */
  readonly start: PhysicalAddress | null;
  /** In bytes; infinite for the rest of the stream. */
  readonly length: number;
  /** The memory itself where the stream holds it in another form: then nothing is taken of the stream for it. */
  readonly bytes?: Uint8Array;
}

/** A container format. To add one: a file that exports this, and an entry in `formats.ts`; or a plug-in. */
export interface ImageFormat<Runs = RunList> {
  /** Stable, kebab-case; used by `--image-format` and in records. */
  readonly name: string;
  /** A few words for `--help`. */
  readonly title: string;
  /** Set for formats that are not told by bytes: other kinds of file are ruled out before they claim one. */
  readonly hasNoMagic?: true;
  /** Whether a file that this format claims is not wrapped, although it looks like a compression wrapper. Never throws. */
  keepsWrapper?(source: Source): boolean | Promise<boolean>;
  /**
   * Whether this format claims a source that begins with `head` (its first PROBE_LENGTH bytes). Cheap, never throws.
   * A damaged or refused file of the format is still claimed: `open` says what is wrong with it.
   */
  probe(head: Buffer, source: Source): boolean | Promise<boolean>;
  /**
   * Reduces the container to runs. Reads headers only; every count and offset is bounded by the source's length.
   * @throws PoolTrackerError FORMAT_REFUSED for kinds that cannot hold the tracker tables, FORMAT_DAMAGED
   */
  open(source: Source): Promise<OpenedImage<Runs>>;
  /**
   * The runs of memory in a stream, as they arrive; absent for formats that cannot be streamed. The caller must take or
   * skip the bytes of a run before it requests the next one.
   * @param input at the first byte of the container
   * @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED as `open` does
   */
  stream?(input: ByteReader, warn: (warning: Warning) => void): AsyncIterable<StreamedRun>;
}
