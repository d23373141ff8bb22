import { mkdir, rm } from 'node:fs/promises';
import { PoolTrackerError } from '../../errors.js';
import type { ScanOptions } from '../../scan/scan.js';
import type { WorkOptions } from '../../work.js';
import { POOL_TAG_LIVE } from '../../record/schema/record-types.js';
import type { Labels } from '../../scan/scan-result.js';
import type { SinkOptions } from '../../sink/open-sink.js';
import { imageEvent, type ImageEvent } from './batch-events.js';
import { endCompactions } from '../compact/compact.js';
import { settingsFor, type DatasetSettings, type PartFormat, type TableFormat } from '../store/dataset-settings.js';
import type { ListedImage } from '../images/images.js';
import type { ImagePool } from './image-pool.js';
import { failureOf, type ImageOutcome, type ImageTask, type Failure, type ScannedImage } from './image-task.js';
import { Journal } from '../store/journal.js';
import { openStore } from '../store/open-store.js';
import { partitionFolder } from '../store/partition.js';
import { Publisher } from './publisher.js';
import { Staging } from '../store/staging.js';
import { TableLog } from '../table/table.js';

export {
  type BatchListener,
  type BatchSummary,
  IMAGE_STATUSES,
  type ImageEvent,
  type ImageStatus,
  imageEvent,
} from './batch-events.js';
export { ImagePool } from './image-pool.js';

/** How images become records of a dataset. Plain data: it is part of the jobs of a queue. */
export interface IngestOptions {
  /** The dataset: a directory or `s3://bucket/prefix`. */
  readonly out: string;
  /** The partition keys of a new dataset; for an existing one they must be the same. */
  readonly partition?: readonly string[];
  /** Of the parts of a new dataset: parquet by default. */
  readonly format?: PartFormat;
  /** Which log of a table a new dataset gets; for an existing one it must be the same. */
  readonly table?: TableFormat;
  /** Names of the record types to write. */
  readonly records: readonly string[];
  /** How images are scanned. */
  readonly scan: Omit<ScanOptions, 'labels' | keyof WorkOptions>;
  /** Whether records of every system in an image are written; only those of the running one by default. */
  readonly allSystems?: boolean;
  /** Where drivers are searched for tags on no list: a directory, a driver or a memory image. */
  readonly drivers?: string;
  /** How records are written. */
  readonly sink: SinkOptions;
}

export interface IngestRules {
  /** Whether a failure is to be recorded; it is reported in either case. By default all are recorded. */
  readonly keepFailure?: (failed: ImageEvent) => boolean;
  /** A failure to record instead of scanning. */
  readonly failure?: Failure;
  /** Called when the image has been scanned and its thread is free for the next one. */
  readonly onScanned?: () => void;
}

/** An image whose scan ended with one of these is worth another try: the fault may not be in the image. */
const PASSING_FAULTS: readonly string[] = [
  'SOURCE_UNREADABLE',
  'SOURCE_CHANGED',
  'IMAGE_TIMED_OUT',
  'IMAGE_CRASHED',
  'INTERNAL',
];

export function mayPass(failed: { readonly error_code: string | null }): boolean {
  return failed.error_code !== null && PASSING_FAULTS.includes(failed.error_code);
}

/** A dataset into which images are scanned, one by one or several at a time. */
export class Ingest {
  private constructor(
    private readonly options: IngestOptions,
    private readonly settings: DatasetSettings,
    private readonly staging: Staging,
    readonly journal: Journal,
    private readonly publisher: Publisher,
    private readonly table: TableLog | null,
  ) {}

  /**
   * Opens a dataset, or creates one; removes what a killed process left.
   * @throws PoolTrackerError USAGE, OUTPUT_FAILED, DEPENDENCY_MISSING
   */
  static async open(options: IngestOptions): Promise<Ingest> {
    const store = openStore(options.out);
    const staging = await Staging.open(store.stagingFolder);
    try {
      const settings = await settingsFor(store, staging, options);
      const journal = await Journal.load(store);
      const table = await TableLog.of(store, staging, settings);
      await endCompactions(store, journal, table);
      await table?.reconcile();
      const publisher = await Publisher.open(store, journal, settings.format, table);
      return new Ingest(options, settings, staging, journal, publisher, table);
    } catch (error) {
      await staging.close();
      throw error;
    }
  }

  /** Whether an earlier run has written all the records asked for, from the file as it is now. */
  isDone(source: string, version: string | null): boolean {
    const entry = this.journal.image(source);
    return (
      entry !== undefined &&
      version !== null &&
      entry.version === version &&
      entry.status !== 'failed' &&
      // A log has records of one kind, whatever is wanted of images.
      (entry.records.includes(POOL_TAG_LIVE.name) ||
        this.options.records.every((record) => entry.records.includes(record)))
    );
  }

  /**
   * Checks that labels can be names of folders.
   * @throws PoolTrackerError USAGE
   */
  checkLabels(labels: Labels): void {
    partitionFolder(this.settings.partition, null, labels);
  }

  /**
   * Scans an image and publishes its records; a failure is recorded, too, but not that there is no image of this name:
   * a word that was mistyped would be a row for good.
   *
   * @param version as it was before the scan (see image-version.ts)
   * @throws PoolTrackerError for what is not the image's fault: OUTPUT_FAILED, USAGE
   */
  async ingest(
    pool: ImagePool,
    image: ListedImage,
    version: string | null,
    labels: Labels,
    { keepFailure = () => true, failure, onScanned }: IngestRules = {},
  ): Promise<ImageEvent> {
    const staging = await this.staging.folder();
    try {
      const { records, scan, sink, allSystems = false, drivers } = this.options;
      const task: ImageTask = {
        location: image.location,
        mayBeOther: image.found,
        scan: { ...scan, labels },
        partition: this.settings.partition,
        records,
        allSystems,
        format: this.settings.format,
        sink,
        staging,
        ...(drivers === undefined ? {} : { drivers }),
        ...(failure === undefined ? {} : { failure }),
      };
      const outcome = await this.outcome(pool, task);
      onScanned?.();
      if (outcome.kind === 'passed-over') return await this.passOver(image, version, outcome.reason);
      const event = eventOf(image.location, outcome);
      if (outcome.status === 'failed' && (event.error_code === 'SOURCE_NOT_FOUND' || !keepFailure(event)))
        return { ...event, records: 0 };
      const publication = await this.publisher.publish(image.source, version, outcome);
      return publication === 'same-memory' ? { ...event, status: 'same-memory', records: 0 } : event;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  }

  /** Notes a file that is no image, once as long as it stays the same. */
  private async passOver(
    { location, source }: ListedImage,
    version: string | null,
    reason: string,
  ): Promise<ImageEvent> {
    if (!this.journal.isPassedOver({ source, version, reason }))
      await this.journal.append({ type: 'passed-over', at: Date.now(), source, version, reason });
    return imageEvent(location, 'passed-over', { message: reason });
  }

  private async outcome(pool: ImagePool, task: ImageTask): Promise<ImageOutcome> {
    try {
      return await pool.run(task);
    } catch (error) {
      if (!(error instanceof PoolTrackerError) || (error.code !== 'IMAGE_TIMED_OUT' && error.code !== 'IMAGE_CRASHED'))
        throw error;
      // What the thread had written so far is useless.
      await rm(task.staging, { recursive: true, force: true });
      await mkdir(task.staging);
      return pool.run({ ...task, failure: failureOf(error) });
    }
  }

  async close(): Promise<void> {
    try {
      await this.table?.close();
    } finally {
      await this.journal.close();
      await this.staging.close();
    }
  }
}

function eventOf(path: string, scanned: ScannedImage): ImageEvent {
  return imageEvent(path, scanned.status, {
    image_id: scanned.imageId,
    records: scanned.rows,
    bytes_read: scanned.bytesRead,
    elapsed_ms: scanned.elapsedMs,
    warnings: scanned.warnings,
    error_code: scanned.failure?.code ?? null,
    message: scanned.failure?.message ?? null,
  });
}
