import { Cache, cached } from '../reading/cache.js';

/** Size of a cached block. A page table or a page of a table has 4 KiB; its neighbours are often read next. */
export const BLOCK = 1 << 14;

/** Maximum size of the cache. */
const CACHE_BYTES = 32 << 20;

/** Maximum length of a request, so that a failed one costs little. */
const MAX_REQUEST_LENGTH = 4 << 20;

/** Maximum number of requests in flight. */
const AT_ONCE = 8;

/** Maximum gap, in blocks, that is fetched to join two requests: a separate request costs more. */
const GAP = 2;

/** Reads are served in steps of this many bytes, so that the cache stays bounded. */
const STEP = 8 << 20;

/** Fetches exactly `length` bytes from `offset` on; the range lies within the object. */
export type FetchRange = (offset: number, length: number) => Promise<Uint8Array>;

interface WantedBlock {
  readonly index: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A block cache of a remote object: adjacent blocks share a request, and several requests run concurrently. */
export class BlockCache {
  /** Bytes fetched so far. */
  bytesFetched = 0;
  private readonly blocks: Cache<number, Promise<Uint8Array>>;
  private wanted: WantedBlock[] = [];
  private readonly queue: WantedBlock[][] = [];
  private inFlight = 0;

  constructor(
    private readonly byteLength: number,
    private readonly fetchRange: FetchRange,
    cacheBytes = CACHE_BYTES,
  ) {
    this.blocks = new Cache(cacheBytes);
  }

  /** Fills `target` from `offset` on. @returns how many bytes there were before the end */
  async read(target: Uint8Array, offset: number): Promise<number> {
    const end = Math.min(offset + target.length, this.byteLength);
    for (let position = offset; position < end;) {
      const stepEnd = Math.min(end, position + STEP);
      const first = Math.floor(position / BLOCK);
      const count = Math.ceil(stepEnd / BLOCK) - first;
      const blocks = await Promise.all(Array.from({ length: count }, (_, index) => this.block(first + index)));
      for (const [index, block] of blocks.entries()) {
        const start = (first + index) * BLOCK;
        const part = block.subarray(Math.max(0, position - start), stepEnd - start);
        target.set(part, position - offset);
        position += part.length;
      }
    }
    return Math.max(0, end - offset);
  }

  /** Adds the first bytes, which come with the response that states the object's length. */
  addHead(bytes: Uint8Array): void {
    this.bytesFetched += bytes.length;
    for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK)
      this.blocks.set(at / BLOCK, Promise.resolve(bytes.slice(at, at + BLOCK)), BLOCK);
  }

  private block(index: number): Promise<Uint8Array> {
    return cached(this.blocks, index, BLOCK, () => this.want(index));
  }

  private want(index: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.wanted.length === 0) setImmediate(() => this.plan());
      this.wanted.push({ index, resolve, reject });
    });
  }

  /** Combines the blocks requested during one turn of the event loop into as few requests as possible. */
  private plan(): void {
    const wanted = this.wanted.sort((one, other) => one.index - other.index);
    this.wanted = [];
    let request: WantedBlock[] = [];
    for (const block of wanted) {
      const near =
        request.length > 0 &&
        this.isGap(request.at(-1)!.index, block.index) &&
        (block.index - request[0]!.index + 1) * BLOCK <= MAX_REQUEST_LENGTH;
      if (!near) this.queue.push((request = []));
      request.push(block);
    }
    this.send();
  }

  /** Whether the gap between two blocks is small, and none of its blocks is cached. */
  private isGap(before: number, after: number): boolean {
    if (after - before > GAP + 1) return false;
    for (let index = before + 1; index < after; index++) if (this.blocks.has(index)) return false;
    return true;
  }

  private send(): void {
    while (this.inFlight < AT_ONCE && this.queue.length > 0) {
      this.inFlight++;
      void this.fetch(this.queue.shift()!).finally(() => {
        this.inFlight--;
        this.send();
      });
    }
  }

  private async fetch(request: readonly WantedBlock[]): Promise<void> {
    const offset = request[0]!.index * BLOCK;
    const end = Math.min(this.byteLength, (request.at(-1)!.index + 1) * BLOCK);
    try {
      const bytes = await this.fetchRange(offset, end - offset);
      this.bytesFetched += bytes.length;
      const asked = new Map(request.map(({ index, resolve }) => [index, resolve]));
      for (let at = 0; at < bytes.length; at += BLOCK) {
        const index = (offset + at) / BLOCK;
        // A copy: a view would keep the whole response alive as long as one of its blocks.
        const block = bytes.slice(at, at + BLOCK);
        const resolve = asked.get(index);
        if (resolve !== undefined) resolve(block);
        else if (!this.blocks.has(index)) this.blocks.set(index, Promise.resolve(block), BLOCK);
      }
    } catch (error) {
      for (const { reject } of request) reject(error);
    }
  }
}
