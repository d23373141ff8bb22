/** Bytes; more may take as long as handing them to another thread does. */
const MAX_LENGTH = 1 << 16;
/** Milliseconds that a read may take which the system answers from memory. */
const MAX_TIME = 0.5;
/** Reads in a row that take longer where the file is waited for; one alone may have lost the processor meanwhile. */
const MAX_SLOW = 3;
/** Reads that go to other threads then; twice as many each time, up to the second number. */
const PAUSE = [16, 4096] as const;

/** Reads in a row, before one lets the event loop have its turn: signals and timers are not to starve. */
const MAX_IN_A_ROW = 64;

/**
 * When to read in the thread that asks. What the system has in memory it gives in a few microseconds, while handing a
 * read to a thread of Node's pool takes a hundred: most of the time of a walk would go there. But a file that has to be
 * waited for is read by several threads at a time, and holds nobody up; so reads that took long send those after them to
 * the pool.
 */
export class PromptReads {
  private paused = 0;
  private inARow = 0;
  private slow = 0;
  private pause: number = PAUSE[0];

  /** @param now milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Whether the next read, of so many bytes, is to be made at once. */
  allows(length: number): boolean {
    if (length > MAX_LENGTH) return false;
    if (this.paused > 0) {
      this.paused--;
      return false;
    }
    this.inARow = (this.inARow + 1) % MAX_IN_A_ROW;
    return this.inARow !== 0;
  }

  /** Makes a read, and remembers how long it took, also where it fails: a bad disk takes long to say so. */
  timed(read: () => number): number {
    const started = this.now();
    try {
      return read();
    } finally {
      this.note(this.now() - started);
    }
  }

  /** @param time in milliseconds */
  private note(time: number): void {
    if (time <= MAX_TIME) {
      this.slow = 0;
      this.pause = PAUSE[0];
    } else if (++this.slow === MAX_SLOW) {
      // The next one to be tried is the last chance.
      this.slow = MAX_SLOW - 1;
      this.paused = this.pause;
      this.pause = Math.min(this.pause * 2, PAUSE[1]);
    }
  }
}
