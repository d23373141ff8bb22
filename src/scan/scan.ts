import { createHash } from 'node:crypto';
import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PhysicalAddress } from '../address.js';
import { PoolTrackerError } from '../errors.js';
import { type MemoryImage, warningsOf } from '../image/image.js';
import type { Kernel, Rejection } from '../kernel/root/root.js';
import type { PagingName } from '../memory/paging/paging.js';
import type { LocateOptions } from '../pool/locate/locate.js';
import type { MemoryPage } from '../pool/table/memory-page.js';
import { modifiedAt } from '../source/open-source.js';
import { locationName } from '../source/source.js';
import { abortable, type WorkOptions } from '../work.js';
import { containerFacts, type DecodedScan, type FailedScan, kernelLocation, type Labels } from './scan-result.js';

/** Walk from the page table root, carve every page, or walk first and carve only if walking is impossible or fails. */
export const SCAN_METHODS = ['auto', 'walk', 'carve'] as const;
/** One of SCAN_METHODS. */
export type ScanMethod = (typeof SCAN_METHODS)[number];

/** How an image is opened and its tables found. Progress is told in bytes of the pages that are looked at. */
export interface ScanOptions extends LocateOptions, WorkOptions {
  /** A container format's name, to skip the probes. */
  readonly imageFormat?: string;
  /** Whether a server may redirect to another host; only within its own by default. */
  readonly allowRedirects?: boolean;
  /** Files and folders in which a local image must lie, and its companions, through links as well; anywhere by default. */
  readonly within?: readonly string[];
  /** Locations of the image's further parts, in order; by default those that its name tells of. */
  readonly parts?: readonly string[];
  /** A directory for a temporary file, in case the image is a stream. */
  readonly spool?: string;
  /** Labels that every record carries; `host` has a column of its own. */
  readonly labels?: Labels;
  /** How the tables are found; `auto` by default. */
  readonly method?: ScanMethod;
  /** Physical address of the page table root to answer for; by default that of the system whose clock is latest. */
  readonly root?: PhysicalAddress;
  /** The kind of page tables; by default what the container says of the processor, then every other. */
  readonly architecture?: PagingName;
  /** Threads that examine pages when carving, in addition to the one that reads; 1 by default, 0 for none. */
  readonly threads?: number;
}

/** The request and its time: part of every result, even if nothing was found. */
export interface ScanRequest {
  /** As `openScan` takes it. */
  readonly location: string;
  readonly options: ScanOptions;
  /** By `performance.now()`. */
  readonly startedAt: number;
}

export function scanRequest(location: string, options: ScanOptions = {}): ScanRequest {
  return { location, options, startedAt: performance.now() };
}

/** Whole milliseconds since a request was made. */
export function elapsedSince({ startedAt }: ScanRequest): number {
  return Math.round(performance.now() - startedAt);
}

/** Takes pages in the order in which a scan emits them, and returns the result at the end. */
export interface PageDecoder {
  /** Takes one page. Errors that it throws end the scan. */
  take(page: MemoryPage): void | Promise<void>;
  /**
   * The result, after the last page.
   * @throws PoolTrackerError TABLES_NOT_FOUND when the pages hold no table
   */
  finish(): DecodedScan | Promise<DecodedScan>;
}

/** An opened image, with its tables located if the scan walks. */
export interface Scan {
  /** What ends it early, if anything. */
  readonly signal?: AbortSignal | undefined;
  /** As `openScan` took it. */
  readonly location: string;
  /** Whether its pages are those of located tables, or all pages of the image. */
  readonly method: 'walk' | 'carve';
  /** The pages that the decoder needs, as a Readable of MemoryPage. */
  pages(): Readable;
  /**
   * A decoder for those pages.
   * @param keepProcessors whether each processor's own entries are wanted (`pool_tag_cpu`)
   */
  decoder(keepProcessors?: boolean): PageDecoder;
  /** The result when an error ends the scan while pages are read, with what was found before. */
  failed(error: PoolTrackerError): FailedScan;
  /** Closes the image; its pages, objects and big allocations cannot be read afterwards. */
  close(): Promise<void>;
}

/**
 * Runs all pages of a scan through its decoder, for callers that need several types of records of one image.
 * @throws PoolTrackerError TABLES_NOT_FOUND, SOURCE_UNREADABLE, SOURCE_CHANGED; the reason of the scan's signal
 */
export function decodeScan(scan: Scan, keepProcessors = false): Promise<DecodedScan> {
  return abortable(scan.signal, () => decode(scan, keepProcessors));
}

async function decode(scan: Scan, keepProcessors: boolean): Promise<DecodedScan> {
  const decoder = scan.decoder(keepProcessors);
  await pipeline(
    scan.pages(),
    new Writable({
      objectMode: true,
      write(page: MemoryPage, _encoding, done) {
        Promise.resolve(decoder.take(page)).then(() => done(), done);
      },
    }),
  );
  scan.signal?.throwIfAborted();
  return decoder.finish();
}

/** The result of a scan, also of one that failed when it was opened, or that fails while pages are read. */
export async function resultOf(scan: Scan | FailedScan, keepProcessors = false): Promise<DecodedScan | FailedScan> {
  if ('outcome' in scan) return scan;
  try {
    return await decodeScan(scan, keepProcessors);
  } catch (error) {
    if (error instanceof PoolTrackerError) return dated(scan.failed(error), scan.location);
    throw error;
  }
}

/** A failed scan with the time of its file, where nothing in the image gives one. */
export async function dated(failed: FailedScan, location: string): Promise<FailedScan> {
  if (failed.kernel.capturedAt !== null) return failed;
  const capturedAt = await modifiedAt(location);
  if (capturedAt === null) return failed;
  return { ...failed, kernel: { ...failed.kernel, capturedAt, capturedAtSource: 'file' } };
}

/** What a walk found before it failed. */
export interface FoundBefore {
  readonly image: MemoryImage;
  readonly kernel: Kernel | null;
  readonly rejected: readonly Rejection[];
}

/**
 * The result of a scan that an error ended. Without tables there is no memory content to derive the id from: it is
 * derived from the path, so that the same failure always gives the same record.
 */
export function failedScan(
  request: ScanRequest,
  error: PoolTrackerError,
  found: FoundBefore | null = null,
): FailedScan {
  const path = locationName(request.location);
  const image = found?.image ?? null;
  const kernel = found?.kernel ?? null;
  const clock = kernel?.sharedData.systemTime ?? null;
  const capturedAt = clock ?? image?.hints.systemTime ?? null;
  const system = kernel?.system ?? 0;
  const name = system === 0 ? path : `${path}\nsystem ${system}`;
  return {
    imageId: createHash('sha256').update(`failed image\n${name}`).digest('hex').slice(0, 32),
    system,
    path,
    labels: request.options.labels ?? {},
    container: image === null ? null : containerFacts(image),
    kernel: {
      version: null,
      architecture: kernel?.memory.pageTable.paging.architecture ?? null,
      capturedAt,
      capturedAtSource: capturedAt === null ? null : clock === null ? 'header' : 'kernel',
      processors: null,
      pdb: kernel?.image.pdb ?? null,
      ntBuildLab: null,
      location: kernel === null ? null : kernelLocation(kernel),
      others: kernel?.others ?? [],
    },
    tables: null,
    totals: [],
    processorTags: [],
    objects: { missing: 'not available: the scan failed' },
    warnings: image === null ? [] : warningsOf(image),
    doubts: [],
    rejected: found?.rejected ?? [],
    outcome: { status: 'failed', error },
    bytesRead: image?.source.bytesRead ?? 0,
    elapsedMs: elapsedSince(request),
  };
}
