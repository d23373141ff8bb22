/** Bytes; more may take as long as handing them to another thread does. */
const MAX_LENGTH = 1 << 16;
/** Milliseconds that a read may take which the system answers from memory, on a machine that is busy, too. */
const MAX_TIME = 0.5;
/** Reads that go to other threads when one has taken longer; twice as many each time, up to the second number. */
const PAUSE = [16, 4096] as const;

/** Reads in a row, before one lets the event loop have its turn: signals and timers are not to starve. */
const MAX_IN_A_ROW = 64;

/**
 * When to read in the thread that asks. What the system has in memory it gives in a few microseconds, while handing a
 * read to a thread of Node's pool takes a hundred: most of the time of a walk would go there. But a file that has to be
 * waited for is read by several threads at a time, and holds nobody up; so a read that took long sends those after it to
 * the pool.
 */
export class PromptReads {
  private paused = 0;
  private inARow = 0;
  private pause: number = PAUSE[0];

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

  timed(read: () => number): number {
    const started = performance.now();
    const count = read();
    if (performance.now() - started > MAX_TIME) {
      this.paused = this.pause;
      this.pause = Math.min(this.pause * 2, PAUSE[1]);
    } else this.pause = PAUSE[0];
    return count;
  }
}
