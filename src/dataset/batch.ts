import {
  type BatchListener,
  type BatchSummary,
  IMAGE_STATUSES,
  imageEvent,
  type ImageEvent,
  ImagePool,
  type ImageStatus,
  Ingest,
  type IngestOptions,
} from './ingest/ingest.js';
import { type ImageFeed, ListedImages } from './images/image-feed.js';
import type { ListedImage } from './images/images.js';
import { versionOf } from './images/image-version.js';
import type { LabelRules } from './images/labels.js';
import type { Labels } from '../scan/scan-result.js';
import { PoolTrackerError } from '../errors.js';
import { abortable, allDone, whenAborted } from '../work.js';

export interface BatchOptions extends IngestOptions {
  readonly labels: LabelRules;
  /** How many images are scanned at the same time, each in its own thread. */
  readonly jobs: number;
  /** Milliseconds after which an image is given up. */
  readonly timeoutMs: number;
  /** Whether to scan images again that are done. */
  readonly redo: boolean;
  /** Whether to begin no more images after one has failed. */
  readonly failFast: boolean;
  /** Ends the threads at once and the batch with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Kinds of records that a batch writes unless told otherwise. */
export const DEFAULT_RECORDS = ['pool_tag', 'image'] as const;
/** Long enough for carving, which reads the whole image, perhaps over a network. */
export const DEFAULT_TIMEOUT_MS = 1_800_000;

/** Scans images into a dataset, several at a time. */
export class Batch {
  private readonly counts = Object.fromEntries(IMAGE_STATUSES.map((status) => [status, 0])) as Record<
    ImageStatus,
    number
  >;
  private begun = 0;
  /** Scans that have not ended, by the sources of their images. */
  private readonly underWay = new Map<string, Promise<void>>();
  private records = 0;
  private bytesRead = 0;
  private stopped = false;
  /** Number of threads that could not be terminated; if there are any, the process has to be ended by force. */
  stuck = 0;

  constructor(
    private readonly images: ImageFeed,
    private readonly options: BatchOptions,
    private readonly listener: BatchListener,
    private readonly pool: ImagePool = new ImagePool(options.timeoutMs),
  ) {}

  /**
   * Scans all of them. Memory does not grow with their number, except for one line per image in the list, the journal and
   * the logs of tables.
   * @throws PoolTrackerError for what is not the fault of an image: OUTPUT_FAILED, USAGE; images in flight are finished
   * first. The reason of the signal: those are ended
   */
  async run(): Promise<BatchSummary> {
    const { signal } = this.options;
    const forget = whenAborted(signal, () => {
      this.stop();
      void this.pool.close();
    });
    return abortable(signal, () => this.runAll()).finally(forget);
  }

  private async runAll(): Promise<BatchSummary> {
    const startedAt = performance.now();
    const ingest = await Ingest.open(this.options);
    try {
      const { images } = this;
      // Told before hours of work, not in the midst of it.
      if (images instanceof ListedImages) for (const image of images.all()) ingest.checkLabels(this.labelsOf(image));
      if (images.count !== null) this.listener.listed(images.count);
      const jobs = Array.from({ length: Math.min(this.options.jobs, images.count ?? Infinity) }, () =>
        this.work(ingest).catch((error: unknown) => {
          this.stop();
          throw error;
        }),
      );
      await allDone(jobs);
    } finally {
      this.images.end();
      this.stuck = await this.pool.close();
      await ingest.close();
    }
    return {
      event: 'summary',
      images: this.begun + this.left,
      counts: this.counts,
      left: this.left,
      records: this.records,
      bytes_read: this.bytesRead,
      elapsed_ms: Math.round(performance.now() - startedAt),
    };
  }

  /** Stops beginning images; those in flight are finished. */
  stop(): void {
    this.stopped = true;
    this.images.end();
  }

  /** How many images have not been begun. */
  get left(): number {
    return this.images.left;
  }

  /**
   * The images of one job. Where others work as well, its thread begins the next image while the last one is published;
   * a single job keeps one processor busy, and no more.
   */
  private async work(ingest: Ingest): Promise<void> {
    const overlaps = this.options.jobs > 1 && !this.options.failFast;
    let published = Promise.resolve();
    while (!this.stopped) {
      const image = await this.images.next();
      if (image === null) break;
      this.begun++;
      const before = published;
      const scanned = new Promise<void>((onScanned) => {
        published = this.one(ingest, image, onScanned).then((event) => this.tell(event));
        // Where more may come, the next image may be hours away.
        void published.catch(() => this.stop()).then(onScanned);
      });
      await (overlaps ? scanned : published);
      // Not more than one waits to be published.
      await before.catch(async (error: unknown) => {
        await Promise.allSettled([published]);
        throw error;
      });
    }
    await published;
  }

  private tell(event: ImageEvent): void {
    this.counts[event.status]++;
    this.records += event.records;
    this.bytesRead += event.bytes_read;
    this.listener.image(event);
    if (event.status === 'failed' && this.options.failFast) this.stop();
  }

  /** One that comes again while it is scanned waits: the older of its versions must not be written last. */
  private async one(ingest: Ingest, image: ListedImage, onScanned: () => void): Promise<ImageEvent> {
    const before = this.underWay.get(image.source) ?? Promise.resolve();
    const event = before.then(() => this.scan(ingest, image, onScanned));
    const ended = event.then(
      () => undefined,
      () => undefined,
    );
    this.underWay.set(image.source, ended);
    try {
      return await event;
    } finally {
      if (this.underWay.get(image.source) === ended) this.underWay.delete(image.source);
    }
  }

  private async scan(ingest: Ingest, image: ListedImage, onScanned: () => void): Promise<ImageEvent> {
    const version = await versionOf(image);
    if (!this.options.redo && image.again !== true && ingest.isDone(image.source, version))
      return imageEvent(image.location, 'done-before');
    const labels = this.labelsOf(image);
    try {
      ingest.checkLabels(labels);
    } catch (error) {
      // Of a list this was told before the first image.
      if (!(error instanceof PoolTrackerError)) throw error;
      return imageEvent(image.location, 'failed', { error_code: error.code, message: error.message });
    }
    return ingest.ingest(this.pool, image, version, labels, { onScanned });
  }

  private labelsOf({ location, source }: ListedImage): Labels {
    return this.options.labels.labelsOf(location, source);
  }
}
