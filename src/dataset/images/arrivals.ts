import { stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { ImageFeed } from './image-feed.js';
import { imagesOfFiles, type ListedImage } from './images.js';

export interface ArrivalOptions {
  /** Milliseconds for which a file must not have grown. */
  readonly settleMs: number;
  /** A folder below a watched one that is left out: the dataset itself. */
  readonly except?: string;
  readonly isWanted?: (image: ListedImage) => boolean;
}

/** Longest time between two looks at a file that may still grow, in milliseconds. */
const POLL_MS = 1000;

/**
 * The images in folders, and those that come into them: a file counts when it has stopped growing. One that changes
 * later comes again, and so does an image beside which a file of its own (a saved state, a further part) comes later.
 */
export class Arrivals implements ImageFeed {
  /** Names of files that have settled and were not looked at yet, by folder. */
  private readonly settled = new Map<string, Set<string>>();
  private readonly ready: ListedImage[] = [];
  /** When images were given out, by their full paths. */
  private readonly given = new Map<string, number>();
  private ended = false;
  private failure: PoolTrackerError | null = null;
  /** Those that wait for something to come. */
  private readonly waiting: (() => void)[] = [];
  private watcher: { close(): Promise<void> } | null = null;

  private constructor(private readonly options: ArrivalOptions) {}

  /** @throws PoolTrackerError SOURCE_NOT_FOUND where a folder is none */
  static async in(folders: readonly string[], options: ArrivalOptions): Promise<Arrivals> {
    for (const folder of folders)
      if ((await stat(folder).catch(() => null))?.isDirectory() !== true)
        throw new PoolTrackerError('SOURCE_NOT_FOUND', `${folder}: expected a folder to watch, found none`, {
          data: { path: folder },
          hint: 'check the path',
        });
    const self = new Arrivals(options);
    await self.watch(folders);
    return self;
  }

  private async watch(folders: readonly string[]): Promise<void> {
    const { watch } = await import('chokidar');
    const { settleMs, except } = this.options;
    const left = except === undefined ? null : resolve(except);
    const watcher = watch([...folders], {
      ignored: (path) => left !== null && `${resolve(path)}${sep}`.startsWith(`${left}${sep}`),
      followSymlinks: true,
      awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.min(POLL_MS, Math.ceil(settleMs / 4)) },
    });
    this.watcher = watcher;
    watcher.on('add', (path) => this.note(path));
    watcher.on('change', (path) => this.note(path));
    watcher.on('error', (error) => this.fail(error));
  }

  private wake(): void {
    for (const goOn of this.waiting.splice(0)) goOn();
  }

  private note(path: string): void {
    const folder = dirname(path);
    const names = this.settled.get(folder) ?? new Set();
    this.settled.set(folder, names.add(basename(path)));
    this.wake();
  }

  private fail(error: unknown): void {
    this.failure = new PoolTrackerError('SOURCE_UNREADABLE', `cannot watch: ${messageOf(error)}`, { cause: error });
    this.wake();
  }

  /** Not known: more may come. */
  readonly count = null;

  get left(): number {
    return this.ready.length;
  }

  async next(): Promise<ListedImage | null> {
    for (;;) {
      if (this.failure !== null) throw this.failure;
      if (this.ended) return null;
      const image = this.ready.shift();
      if (image !== undefined) {
        this.given.set(image.source, Date.now());
        return image;
      }
      const [group] = this.settled;
      if (group === undefined)
        await new Promise<void>((resolve) => {
          this.waiting.push(resolve);
        });
      else {
        this.settled.delete(group[0]);
        this.ready.push(...(await this.imagesOf(...group)));
        this.wake();
      }
    }
  }

  /** The images that settled files are or belong to; one that was given out is given again for what came beside it later. */
  private async imagesOf(folder: string, names: ReadonlySet<string>): Promise<ListedImage[]> {
    const { isWanted = () => true } = this.options;
    const images = (await imagesOfFiles(folder, names)).filter(isWanted);
    const again = await Promise.all(
      images.map(async (image) => {
        const before = this.given.get(image.source);
        if (before === undefined || names.has(basename(image.source))) return image;
        return (await isNewer(folder, names, before)) ? { ...image, again: true } : null;
      }),
    );
    return again.filter((image) => image !== null);
  }

  end(): void {
    this.ended = true;
    this.wake();
    void this.watcher?.close();
  }
}

async function isNewer(folder: string, names: ReadonlySet<string>, time: number): Promise<boolean> {
  for (const name of names) {
    const found = await stat(resolve(folder, name)).catch(() => null);
    // What was moved or unpacked here has an older time of its own.
    if (found !== null && Math.max(found.mtimeMs, found.ctimeMs) > time) return true;
  }
  return false;
}
