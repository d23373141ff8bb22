import type { PhysicalAddress, VirtualAddress } from '../address.js';
import type { Missing, PoolTrackerError, Warning } from '../errors.js';
import type { Architecture, MemoryImage } from '../image/image.js';
import type { RunList } from '../image/run-list.js';
import type { KernelObjects } from '../kernel/objects/objects.js';
import type { PdbIdentity } from '../kernel/pe.js';
import type { Kernel, OtherSystem, Rejection } from '../kernel/root/root.js';
import type { BigPageTable, BigTotal } from '../pool/big-pages/big-pages.js';
import type { SessionPools } from '../pool/session-pool/session-pool.js';
import type { CarveReport } from '../pool/carve/carve.js';
import type { TableSet } from '../pool/locate/locate.js';
import type { DriverImage } from '../pool/tag-names/tag-names.js';
import type { Doubt, Fact, SlotRange } from '../pool/proof/proof.js';
import type { LocatedBy } from '../pool/table/memory-page.js';
import type { ProcessorTag, TagTotal } from '../pool/table/tag-totals.js';
import type { TrackerLayout } from '../pool/table/tracker-layout.js';

/** Labels by name, as given for an image. */
export type Labels = Readonly<Record<string, string>>;

/** The file that contains the memory. */
export interface ContainerFacts {
  /** The format's name, as `--image-format` takes it. */
  readonly format: string;
  /** Bytes of the container. */
  readonly byteLength: number;
  /** The location of each range of physical memory in it. */
  readonly runs: RunList;
}

/** The kernel's location, as found by a walk. */
export interface KernelLocation {
  /** Its page table root. */
  readonly root: PhysicalAddress;
  /** The origin of the root: the crash dump header, an ELF note, the low stub or a self reference. */
  readonly rootFrom: string;
  /** Levels of the page tables: 4 or 5 on x64, 4 on ARM64, 3 on x86 with PAE, 2 without. */
  readonly levels: number;
  /** Start of the kernel image. */
  readonly base: VirtualAddress;
  /** Bytes of the kernel image, from its header. */
  readonly size: number;
}

/**
 * Where the time of a capture comes from: the clock of the system itself, what the container's header says, or when the
 * file was last modified, which may be when it was copied.
 */
export type CaptureTimeSource = 'kernel' | 'header' | 'file';

/** What is known about the kernel; null where unknown. */
export interface KernelFacts {
  /** As precise as possible: `10.0.19041.1466`, else `10.0.19041`. */
  readonly version: string | null;
  /** Of the processors. */
  readonly architecture: Architecture | null;
  /** The image's system time; of a failed scan at least that of the container's header, or of the file. */
  readonly capturedAt: Date | null;
  /** Where that comes from; null where it is unknown. */
  readonly capturedAtSource: CaptureTimeSource | null;
  /** Number of processors, from the container or the running system. */
  readonly processors: number | null;
  /** The PDB that the kernel image was linked with. */
  readonly pdb: PdbIdentity | null;
  /** As the kernel names its own build: `19041.1.amd64fre.vb_release.191206-1406`. */
  readonly ntBuildLab: string | null;
  /** Null unless a walk found it: carving has no virtual addresses. */
  readonly location: KernelLocation | null;
  /** Other systems whose page table roots prove: an earlier boot's, a guest's. */
  readonly others: readonly OtherSystem[];
}

/** One processor's table, as far as it was read. */
export interface FoundTable {
  /** Null when the table's processor is unknown. */
  readonly processor: number | null;
  /** Null for a table assembled from pages. */
  readonly address: VirtualAddress | null;
  /** Number of pages read; null when none was. */
  readonly pages: number | null;
  /** Number of pages that could not be read; null like `pages`. */
  readonly pagesMissing: number | null;
  /** Slots that could not be read, in ascending order. */
  readonly unread: readonly SlotRange[];
}

/** The tracker tables: location, proof, and missing parts. */
export interface TablesFound {
  /** How the tables were located. */
  readonly locatedBy: LocatedBy;
  /** The layout of their entries. */
  readonly layout: TrackerLayout;
  /** N, the hashed slots; each table has N + 1 entries. */
  readonly slots: number;
  /** Share of the keys of table 0 that obey the hash law, 0 to 1. */
  readonly hashLawShare: number;
  /** Facts checked for the tables, and for the variables that lead to them where a walk found them. */
  readonly facts: readonly Fact[];
  /** Table 0 first. */
  readonly processorTables: readonly FoundTable[];
  /** Null when there is none, and for one assembled from pages. */
  readonly expansion: TableSet['expansion'];
  /** Number of processors' tables that were summed. */
  readonly processorsSeen: number;
  /** Number of pages, in all tables, that could not be read. */
  readonly pagesMissing: number;
  /** Number of entries on those pages. */
  readonly entriesMissing: number;
  /** How the tables were assembled; null when they were found by a walk. */
  readonly carve: CarveReport | null;
}

/** What else can be read from the kernel that a walk found; the image must still be open. */
export interface KernelReadings {
  /** Processes, threads and other objects, read when first asked for. */
  objects(): Promise<KernelObjects>;
  /** The allocations of a page or more. */
  readonly bigPages: BigPageTable | Missing;
  /** Those in use, by tag; null where their table could not be read completely. */
  readonly bigTotals: ReadonlyMap<number, BigTotal> | null;
  /** The modules that the kernel has loaded, as they lie in memory; null when its list of them is not found. */
  loadedDrivers(): Promise<readonly DriverImage[] | null>;
  /** The pool tags of each session, read when first asked for, or why there are none. */
  sessionPools(): Promise<SessionPools | Missing>;
}

/** How a scan ended: `incomplete` when pages are missing or the evidence is ambiguous. */
export type ScanOutcome = Finished | Failed;

/** The tables were found and summed. */
export interface Finished {
  /** Whether every count is complete and certain. */
  readonly status: 'ok' | 'incomplete';
}

/** The tables were not found or could not be read. */
export interface Failed {
  /** Distinguishes it from Finished. */
  readonly status: 'failed';
  /** What ended the scan. */
  readonly error: PoolTrackerError;
}

/** All findings of the scan of one image, even a failed one. Records of every type are made from it. */
export interface ScanResult {
  /** 32 hexadecimal digits derived from all totals, or from the path if the scan failed. */
  readonly imageId: string;
  /** Which of the image's systems: 0 is the one that is answered for by default. */
  readonly system: number;
  /** The image's name as given, without credentials. */
  readonly path: string;
  /** As given; empty when there are none. */
  readonly labels: Labels;
  /** Null for a stream, and where the scan failed before it was known. */
  readonly container: ContainerFacts | null;
  /** What is known about the kernel, possibly nothing. */
  readonly kernel: KernelFacts;
  /** Null where the scan failed. */
  readonly tables: TablesFound | null;
  /** In table order, then the expansion table's. */
  readonly totals: readonly TagTotal[];
  /** Each processor's own entries; empty unless requested. */
  readonly processorTags: readonly ProcessorTag[];
  /** Other readings, or why there are none: the tables were carved, or the scan failed. */
  readonly objects: KernelReadings | Missing;
  /** Faults that did not stop the scan. */
  readonly warnings: readonly Warning[];
  /** Reasons why counts may be wrong; the tags that a doubt concerns are incomplete. */
  readonly doubts: readonly Doubt[];
  /** Every rejected candidate for root, kernel or table. */
  readonly rejected: readonly Rejection[];
  /** How the scan ended. */
  readonly outcome: ScanOutcome;
  /** Bytes read from the image. */
  readonly bytesRead: number;
  /** Duration of the scan in whole milliseconds. */
  readonly elapsedMs: number;
}

/** The result of a scan that found the tables. */
export interface DecodedScan extends ScanResult {
  /** Never null. */
  readonly tables: TablesFound;
  /** `ok` or `incomplete`. */
  readonly outcome: Finished;
}

/** The result of a scan that did not find the tables, with what was found before the error. */
export interface FailedScan extends ScanResult {
  /** Null: the tables were not found, or not read. */
  readonly tables: null;
  /** Contains the error. */
  readonly outcome: Failed;
}

export function containerFacts({ format, source, runs }: MemoryImage): ContainerFacts {
  return { format, byteLength: source.byteLength, runs };
}

export function kernelLocation({ root, rootFrom, memory, image }: Kernel): KernelLocation {
  return {
    root,
    rootFrom,
    levels: memory.pageTable.paging.levels,
    base: image.base,
    size: image.header.imageSize,
  };
}
