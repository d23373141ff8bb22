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
  private given = 0;

  constructor(readonly all: readonly ListedImage[]) {}

  get count(): number {
    return this.all.length;
  }

  get left(): number {
    return this.all.length - this.given;
  }

  next(): Promise<ListedImage | null> {
    const image = this.all[this.given];
    if (image === undefined) return Promise.resolve(null);
    this.given++;
    return Promise.resolve(image);
  }

  end(): void {
    // Nobody waits.
  }
}
