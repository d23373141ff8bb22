import type { PhysicalAddress, VirtualAddress } from '../address.js';
import type { Missing, PoolTrackerError, Warning } from '../errors.js';
import type { Architecture, MemoryImage } from '../image/image.js';
import type { RunList } from '../image/run-list.js';
import type { KernelObjects } from '../kernel/objects/objects.js';
import type { PdbIdentity } from '../kernel/pe.js';
import type { Kernel, Rejection } from '../kernel/root/root.js';
import type { BigPageTable, BigTotal } from '../pool/big-pages.js';
import type { CarveReport } from '../pool/carve/carve.js';
import type { TableSet } from '../pool/locate/locate.js';
import type { Doubt, Fact } from '../pool/proof/proof.js';
import type { LocatedBy } from '../pool/table/memory-page.js';
import type { ProcessorTag, TagTotal } from '../pool/table/tag-totals.js';
import type { TrackerLayout } from '../pool/table/tracker-layout.js';

/** Labels by their name, as they were given for an image. */
export type Labels = Readonly<Record<string, string>>;

/** What the file is that the memory lies in. */
export interface ContainerFacts {
  /** The format's name, as `--image-format` takes it. */
  readonly format: string;
  /** Bytes of the container. */
  readonly byteLength: number;
  /** Where each stretch of physical memory lies in it. */
  readonly runs: RunList;
}

/** Where a walk found the kernel. */
export interface KernelLocation {
  /** Its page table root. */
  readonly root: PhysicalAddress;
  /** Where the root comes from: the crash dump header, an ELF note, the low stub or a self reference. */
  readonly rootFrom: string;
  /** Levels of the page tables. */
  readonly levels: 4 | 5;
  /** Start of the kernel image. */
  readonly base: VirtualAddress;
  /** Bytes of the kernel image, as its header says. */
  readonly size: number;
}

/** What is known of the kernel; null for what is not. */
export interface KernelFacts {
  /** As precisely as it is known: `10.0.19041.1466`, else `10.0.19041`. */
  readonly version: string | null;
  /** Of the processors. */
  readonly architecture: Architecture | null;
  /** The image's system time. */
  readonly capturedAt: Date | null;
  /** Of the machine, as the container or the running system says. */
  readonly processors: number | null;
  /** The PDB that the kernel image was linked with. */
  readonly pdb: PdbIdentity | null;
  /** As the kernel names its own build: `19041.1.amd64fre.vb_release.191206-1406`. */
  readonly ntBuildLab: string | null;
  /** Null where no walk led to it: carving knows no addresses. */
  readonly location: KernelLocation | null;
}

/** One processor's table, as far as it was read. */
export interface FoundTable {
  /** Null where it is not known whose the table is. */
  readonly processor: number | null;
  /** Null for a table that was put together from pages. */
  readonly address: VirtualAddress | null;
  /** How many pages were read; null when none of them came. */
  readonly pages: number | null;
  /** How many pages could not be read; null as `pages`. */
  readonly pagesMissing: number | null;
}

/** Where the tracker tables lie, how they were proved, and what could not be read of them. */
export interface TablesFound {
  /** How they were found. */
  readonly locatedBy: LocatedBy;
  /** How their entries are laid out. */
  readonly layout: TrackerLayout;
  /** N, the hashed slots; each table has N + 1 entries. */
  readonly slots: number;
  /** Share of the keys of table 0 that lie where the hash law puts them, 0 to 1. */
  readonly hashLawShare: number;
  /** What was asked of table 0 and the variables that lead to it; empty where it was put together from pages. */
  readonly facts: readonly Fact[];
  /** Table 0 first. */
  readonly processorTables: readonly FoundTable[];
  /** Null when there is none, and for one that was put together from pages. */
  readonly expansion: TableSet['expansion'];
  /** Processors' tables that were summed. */
  readonly processorsSeen: number;
  /** Pages of all tables that could not be read. */
  readonly pagesMissing: number;
  /** Entries on those pages. */
  readonly entriesMissing: number;
  /** How the tables were put together; null when they were walked to. */
  readonly carve: CarveReport | null;
}

/** What else can be read from the kernel that a walk found; the image must still be open. */
export interface KernelReadings {
  /** Processes, threads and other objects, read when first asked for. */
  objects(): Promise<KernelObjects>;
  /** The allocations of a page or more. */
  readonly bigPages: BigPageTable | Missing;
  /** Those in use, by tag; null where their table could not be read whole. */
  readonly bigTotals: ReadonlyMap<number, BigTotal> | null;
}

/** How a scan ended: `incomplete` when pages are missing or the evidence does not decide. */
export type ScanOutcome = Finished | Failed;

/** The tables were found and summed. */
export interface Finished {
  /** Whether every count is whole and decided. */
  readonly status: 'ok' | 'incomplete';
}

/** The tables were not found or could not be read. */
export interface Failed {
  /** Tells it from Finished. */
  readonly status: 'failed';
  /** What ended the scan. */
  readonly error: PoolTrackerError;
}

/** Everything that the scan of one image found, also of one that failed. Records of every kind are made from it. */
export interface ScanResult {
  /** 32 hexadecimal digits that follow from every total; from the path where the scan failed. */
  readonly imageId: string;
  /** The image as it was named, without credentials. */
  readonly path: string;
  /** As they were given; empty when none were. */
  readonly labels: Labels;
  /** Null for a stream, and where the scan failed before it knew. */
  readonly container: ContainerFacts | null;
  /** What is known of the kernel, which may be nothing. */
  readonly kernel: KernelFacts;
  /** Null where the scan failed. */
  readonly tables: TablesFound | null;
  /** In table order, then the expansion table's. */
  readonly totals: readonly TagTotal[];
  /** Each processor's own entries; empty unless they were asked for. */
  readonly processorTags: readonly ProcessorTag[];
  /** Or why nothing else can be read: the tables were carved, or the scan failed. */
  readonly objects: KernelReadings | Missing;
  /** Faults that did not stop the scan. */
  readonly warnings: readonly Warning[];
  /** Reasons why counts may not be what they should be; the tags that each touches are incomplete. */
  readonly doubts: readonly Doubt[];
  /** Every candidate for root, kernel or table that was refused. */
  readonly rejected: readonly Rejection[];
  /** How the scan ended. */
  readonly outcome: ScanOutcome;
  /** Bytes read from the image. */
  readonly bytesRead: number;
  /** Whole milliseconds that the scan took. */
  readonly elapsedMs: number;
}

/** The result of a scan that found the tables. */
export interface DecodedScan extends ScanResult {
  /** Never null: they were found. */
  readonly tables: TablesFound;
  /** `ok` or `incomplete`. */
  readonly outcome: Finished;
}

/** The result of a scan that did not, with as much as was found before the error. */
export interface FailedScan extends ScanResult {
  /** Null: they were not found, or not read. */
  readonly tables: null;
  /** With the error. */
  readonly outcome: Failed;
}

export function containerFacts({ format, source, runs }: MemoryImage): ContainerFacts {
  return { format, byteLength: source.byteLength, runs };
}

export function kernelLocation({ root, rootFrom, memory, image }: Kernel): KernelLocation {
  return {
    root,
    rootFrom,
    levels: memory.pageTable.levels,
    base: image.base,
    size: image.header.imageSize,
  };
}
