import { createHash } from 'node:crypto';
import type { PoolTrackerError } from '../errors.js';
import type { Architecture } from '../image/image.js';
import type { KernelObjects } from '../kernel/objects/objects.js';
import type { BigPageTable, BigTotal } from '../pool/big-pages.js';
import type { LocatedBy, MemoryPage } from '../pool/table/memory-page.js';
import type { ProcessorTag, TagTotal } from '../pool/table/tag-totals.js';
import { containerColumns, kernelColumns, outcomeColumns } from '../record/rows/image-row.js';
import { type Row, SCHEMA_VERSION } from '../record/schema/record-type.js';
import { toolVersion } from '../record/schema/file-metadata.js';
import { locationName } from '../source/source.js';
import type { WalkFindings } from './walk-scan.js';

/** What is known of an image beside the counts: what each of its records carries. */
export interface ImageFacts {
  /** As it was named, without credentials. */
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capturedAt: Date | null;
  readonly windowsVersion: string | null;
  readonly architecture: Architecture | null;
  readonly kernelGuid: string | null;
  readonly locatedBy: LocatedBy | null;
}

/** The columns that every record begins with. */
export function identityRow(facts: ImageFacts, imageId: string) {
  const hasLabels = Object.keys(facts.labels).length > 0;
  return {
    schema_version: SCHEMA_VERSION,
    image_id: imageId,
    image_path: facts.path,
    host: facts.labels.host ?? null,
    labels: hasLabels ? JSON.stringify(facts.labels) : null,
    captured_at: facts.capturedAt?.getTime() ?? null,
    windows_version: facts.windowsVersion,
    arch: facts.architecture,
    kernel_guid: facts.kernelGuid,
  } satisfies Row;
}

/** An image that gave no records of its own, only the error. */
export interface FailedImage {
  readonly imageId: string;
  readonly image: Row;
}

export interface FailedScan {
  /** As it was named. */
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly error: PoolTrackerError;
  /** As much as was found before the error. */
  readonly findings: WalkFindings;
  readonly elapsedMs: number;
}

/**
 * The image record of a scan that failed. Without tables there is no memory content to take the id from: it follows
 * from the path, so that the same failure gives the same record every time.
 */
export function failedImage({
  path: named,
  labels,
  error,
  findings: { image, kernel, rejected },
  elapsedMs,
}: FailedScan): FailedImage {
  const path = locationName(named);
  const imageId = createHash('sha256').update(`failed image\n${path}`).digest('hex').slice(0, 32);
  const facts = {
    path,
    labels,
    capturedAt: kernel?.sharedData.systemTime ?? null,
    windowsVersion: null,
    architecture: null,
    kernelGuid: kernel?.image.pdb?.guid ?? null,
    locatedBy: null,
  };
  return {
    imageId,
    image: {
      ...identityRow(facts, imageId),
      ...outcomeColumns(image?.warnings ?? [], false, error),
      ...(image === null ? {} : containerColumns(image)),
      ...(kernel === null ? {} : kernelColumns(kernel, null)),
      rejected: JSON.stringify(rejected),
      bytes_read: BigInt(image?.source.bytesRead ?? 0),
      elapsed_ms: BigInt(Math.round(elapsedMs)),
      tool_version: toolVersion(),
    },
  };
}

/** What a walk can read beside the tables; the image must still be open. */
export interface WalkedKernel {
  /** Processes, threads and other objects, read when first asked for. */
  objects(): Promise<KernelObjects>;
  /** The allocations of a page or more, or why they cannot be read. */
  readonly bigPages: BigPageTable | string;
  /** Those in use, by tag; null where their table could not be read whole. */
  readonly bigTotals: ReadonlyMap<number, BigTotal> | null;
}

/** Everything that the pages of one image tell. */
export interface DecodedImage {
  readonly imageId: string;
  readonly facts: ImageFacts;
  readonly totals: readonly TagTotal[];
  /** Each processor's own entries; empty unless they were asked for. */
  readonly processorTags: readonly ProcessorTag[];
  /** The image record. */
  readonly image: Row;
  /** Left out where the tables were carved. */
  readonly walked?: WalkedKernel;
}

/** Takes pages in the order that a source emits them, and says at the end what they hold. */
export interface PageDecoder {
  take(page: MemoryPage): void | Promise<void>;
  /** @throws PoolTrackerError TABLES_NOT_FOUND when the pages hold no table */
  finish(): DecodedImage | Promise<DecodedImage>;
}
