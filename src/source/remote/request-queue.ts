/** Maximum number of requests in flight: more connections of one client are more than some servers bear. */
export const AT_ONCE = 8;

/** Maximum number of bytes in flight, but for a single request. */
export const BYTES_AT_ONCE = 32 << 20;

/** Fetches exactly `length` bytes from `offset` on; the range lies within the object. */
export type FetchRange = (offset: number, length: number) => Promise<Uint8Array>;

interface Waiting {
  readonly offset: number;
  readonly length: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests for ranges of one object: several are in flight, the others wait for their turn in order. */
export class RequestQueue {
  /** Bytes fetched so far. */
  bytesFetched = 0;
  private waiting: Waiting[] = [];
  private inFlight = 0;
  private bytesInFlight = 0;
  private closed: Error | null = null;

  constructor(
    private readonly fetchRange: FetchRange,
    private readonly atOnce = AT_ONCE,
  ) {}

  /** The bytes of a range. @throws the error of `fetchRange`, or what the queue was closed with */
  fetch(offset: number, length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.closed !== null) return reject(this.closed);
      this.waiting.push({ offset, length, resolve, reject });
      this.send();
    });
  }

  /** Sends nothing more: what waits for its turn rejects, and what is asked for afterwards. */
  close(error: Error): void {
    this.closed = error;
    for (const { reject } of this.waiting) reject(error);
    this.waiting = [];
  }

  private send(): void {
    for (;;) {
      const [next] = this.waiting;
      if (next === undefined || this.inFlight >= this.atOnce) return;
      if (this.inFlight > 0 && this.bytesInFlight + next.length > BYTES_AT_ONCE) return;
      this.waiting.shift();
      this.inFlight++;
      this.bytesInFlight += next.length;
      void this.transfer(next);
    }
  }

  private async transfer({ offset, length, resolve, reject }: Waiting): Promise<void> {
    try {
      const bytes = await this.fetchRange(offset, length);
      this.bytesFetched += bytes.length;
      resolve(bytes);
    } catch (error) {
      reject(error);
    } finally {
      this.inFlight--;
      this.bytesInFlight -= length;
      this.send();
    }
  }
}
