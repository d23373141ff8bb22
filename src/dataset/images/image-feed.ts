import type { ListedImage } from './images.js';

/** Where a batch takes its images from. */
export interface ImageFeed {
  /** How many there are; null where more may come. */
  readonly count: number | null;
  /** How many are known that were not given out. */
  readonly left: number;
  /** The next one; null after the last. Waits where more may come. */
  next(): Promise<ListedImage | null>;
  /** No more are wanted: what waits gets null. */
  end(): void;
}

/** The images of a list. */
export class ListedImages implements ImageFeed {
  readonly count: number;
  /** The last one first: what was given out is not held any longer. */
  private readonly waiting: ListedImage[];

  constructor(all: readonly ListedImage[]) {
    this.count = all.length;
    this.waiting = all.toReversed();
  }

  get left(): number {
    return this.waiting.length;
  }

  /** Those that were not given out. */
  all(): readonly ListedImage[] {
    return this.waiting.toReversed();
  }

  next(): Promise<ListedImage | null> {
    return Promise.resolve(this.waiting.pop() ?? null);
  }

  end(): void {
    // Nobody waits.
  }
}
