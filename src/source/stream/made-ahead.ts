import type { ByteOrigin } from '../reading/byte-origin.js';

/** Number of bytes that are made ahead, and a piece more. */
const WAITING = 1 << 20;

/**
 * Pieces that are made ahead of who takes them, as far as there is room, and given as they were made. A Readable would
 * put those that wait into one buffer, which costs as much as a fast decoder takes.
 */
export class MadeAhead implements ByteOrigin {
  private readonly iterator: AsyncIterator<Uint8Array>;
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  /** What the pieces ended with, if it was an error. */
  private error: { readonly reason: unknown } | null = null;
  private isMade = false;
  private isClosed = false;
  private making: Promise<void> | null = null;
  private wakeTaker: (() => void) | null = null;
  private wakeMaker: (() => void) | null = null;

  /** @param closed called once, behind the last piece or when it is closed before that */
  constructor(
    pieces: AsyncIterable<Uint8Array>,
    private readonly closed: () => void,
  ) {
    this.iterator = pieces[Symbol.asyncIterator]();
  }

  async next(): Promise<Uint8Array | null> {
    this.making ??= this.make();
    while (this.waiting.length === 0 && !this.isMade)
      await new Promise<void>((resolve) => {
        this.wakeTaker = resolve;
      });
    const piece = this.waiting.shift();
    if (piece === undefined) {
      if (this.error !== null) throw this.error.reason;
      return null;
    }
    this.waitingBytes -= piece.length;
    if (this.waitingBytes < WAITING) this.wakeMaker?.();
    return piece;
  }

  /** Ends the making; who waits for a piece is told that there is none. */
  close(): void {
    if (this.isClosed) return;
    this.end();
    this.waiting.length = 0;
    this.wakeMaker?.();
    // What it waits for ends when its origin is closed, and of no interest any more is how.
    Promise.resolve(this.iterator.return?.()).catch(() => undefined);
  }

  private async make(): Promise<void> {
    try {
      while (!this.isClosed) {
        const { done, value } = await this.iterator.next();
        if (done === true) break;
        if (value.length === 0) continue;
        this.waiting.push(value);
        this.waitingBytes += value.length;
        this.wakeTaker?.();
        while (this.waitingBytes >= WAITING && !this.isClosed)
          await new Promise<void>((resolve) => {
            this.wakeMaker = resolve;
          });
      }
    } catch (reason) {
      this.error = { reason };
    }
    this.end();
  }

  private end(): void {
    this.isMade = true;
    this.wakeTaker?.();
    if (this.isClosed) return;
    this.isClosed = true;
    this.closed();
  }
}
