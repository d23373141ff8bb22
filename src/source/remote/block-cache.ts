import { PoolTrackerError } from '../../errors.js';
import { Cache, cached } from '../reading/cache.js';
import type { ByteRange } from '../source.js';
import { MAX_REQUEST_LENGTH, type Request, requestsFor, type Wanted } from './request-plan.js';
import { type FetchRange, RequestQueue } from './request-queue.js';

/** Size of a cached block: a page table, or a page of a table, has as much, and its neighbours are something else's. */
export const BLOCK = 1 << 12;

/**
 * What is fetched around a read that is not of whole pages: it is of a header or an index, and what stands beside is
 * read next. Its first byte is at a multiple of it.
 */
export const SURROUNDINGS = 1 << 14;

/** Reads of so many bytes go through memory from one end to the other: what they give is not kept. */
const LONG_READ = 1 << 20;

/** Maximum size of the cache. */
const CACHE_BYTES = 32 << 20;

/** Bytes that are fetched ahead of their reads at most, so that they are still cached when they are read. */
export const MAX_AHEAD = CACHE_BYTES / 4;

/** Reads are served in steps of this many bytes, so that the cache stays bounded. */
const STEP = 8 << 20;

/** After so many failures without an answer between them the server is taken to be at fault, not what it was asked for. */
const MAX_FAILURES = 8;

interface WantedBlock extends Wanted {
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A block cache of a remote object: near blocks share a request, and several requests run concurrently. */
export class BlockCache {
  private readonly blocks: Cache<number, Promise<Uint8Array>>;
  private readonly queue: RequestQueue;
  private wanted: WantedBlock[] = [];
  /** Requests that failed since the last one that did not. */
  private failures = 0;
  private isClosed = false;

  /** @param atOnce maximum number of requests in flight */
  constructor(
    private readonly byteLength: number,
    fetchRange: FetchRange,
    atOnce?: number,
    cacheBytes = CACHE_BYTES,
  ) {
    this.queue = new RequestQueue(fetchRange, atOnce);
    this.blocks = new Cache(cacheBytes);
  }

  /** Bytes fetched so far. */
  get bytesFetched(): number {
    return this.queue.bytesFetched;
  }

  /** Fills `target` from `offset` on. @returns how many bytes there were before the end */
  async read(target: Uint8Array, offset: number): Promise<number> {
    const end = Math.min(offset + target.length, this.byteLength);
    if (end - offset >= LONG_READ && !this.has(offset, end)) return this.readLong(target, offset, end);
    if (target.length % BLOCK !== 0 && !this.has(offset, end)) this.wantAround(offset, end);
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

  /** As `Source.prefetch`. */
  async prefetch(ranges: readonly ByteRange[]): Promise<void> {
    const ahead: Promise<unknown>[] = [];
    let left = MAX_AHEAD / BLOCK;
    for (const { offset, length } of ranges) {
      if (left === 0) break;
      const end = Math.min(offset + length, this.byteLength);
      for (let index = Math.floor(offset / BLOCK); index * BLOCK < end && left > 0; index++, left--)
        ahead.push(this.block(index));
    }
    await Promise.allSettled(ahead);
  }

  /** Adds the first bytes, which come with the response that states the object's length. */
  addHead(bytes: Uint8Array): void {
    this.queue.bytesFetched += bytes.length;
    for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK)
      this.blocks.set(at / BLOCK, Promise.resolve(bytes.slice(at, at + BLOCK)), BLOCK);
  }

  /** Asks for nothing more: what waits for its turn rejects, and what is read afterwards. */
  close(error: Error): void {
    this.isClosed = true;
    this.queue.close(error);
    this.blocks.clear();
  }

  private has(offset: number, end: number): boolean {
    for (let index = Math.floor(offset / BLOCK); index * BLOCK < end; index++)
      if (!this.blocks.has(index)) return false;
    return true;
  }

  private async readLong(target: Uint8Array, offset: number, end: number): Promise<number> {
    const pieces: Promise<void>[] = [];
    for (let at = offset; at < end; at += MAX_REQUEST_LENGTH) {
      const length = Math.min(MAX_REQUEST_LENGTH, end - at);
      pieces.push(this.queue.fetch(at, length).then((bytes) => target.set(bytes, at - offset)));
    }
    await Promise.all(pieces);
    return end - offset;
  }

  private wantAround(offset: number, end: number): void {
    const [first, last] = [Math.floor(offset / BLOCK), Math.ceil(end / BLOCK)];
    const perUnit = SURROUNDINGS / BLOCK;
    const from = first - (first % perUnit);
    const to = Math.min(Math.ceil(last / perUnit) * perUnit, Math.ceil(this.byteLength / BLOCK));
    // Whoever needs one of them asks for it again, and is told then if it cannot be had.
    for (let index = from; index < to; index++) if (index < first || index >= last) void this.block(index, true);
  }

  private block(index: number, isGuess = false): Promise<Uint8Array> {
    return cached(this.blocks, index, BLOCK, () => this.want(index, isGuess));
  }

  private want(index: number, isGuess: boolean): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.wanted.length === 0) setImmediate(() => this.plan());
      this.wanted.push({ index, isGuess, resolve, reject });
    });
  }

  /** Combines the blocks that were asked for during one turn of the event loop. */
  private plan(): void {
    const { wanted } = this;
    this.wanted = [];
    for (const request of requestsFor(wanted, BLOCK)) void this.fetch(request);
  }

  private async fetch(request: Request<WantedBlock>): Promise<void> {
    const { first, count, blocks } = request;
    let bytes: Uint8Array;
    try {
      // The last block of the object may be shorter.
      const end = Math.min(this.byteLength, (first + count) * BLOCK);
      bytes = await this.queue.fetch(first * BLOCK, end - first * BLOCK);
    } catch (error) {
      return this.failed(request, error);
    }
    this.failures = 0;
    const asked = new Map(blocks.map(({ index, resolve }) => [index, resolve]));
    for (let at = 0; at < bytes.length; at += BLOCK) {
      const index = first + at / BLOCK;
      // A copy: a view would keep the whole response alive as long as one of its blocks.
      const block = bytes.slice(at, at + BLOCK);
      const resolve = asked.get(index);
      if (resolve !== undefined) resolve(block);
      else if (!this.isClosed && !this.blocks.has(index)) this.blocks.set(index, Promise.resolve(block), BLOCK);
    }
  }

  /**
   * What was joined is asked for apart, in halves: one place that cannot be read costs nobody else what lies beside it.
   * Not where the object is another one now, or the server answers nothing any more.
   */
  private failed({ blocks }: Request<WantedBlock>, error: unknown): void {
    this.failures++;
    const isLocal = error instanceof PoolTrackerError && error.code === 'SOURCE_UNREADABLE';
    if (blocks.length > 1 && isLocal && this.failures <= MAX_FAILURES && !this.isClosed) {
      const middle = Math.ceil(blocks.length / 2);
      for (const half of [blocks.slice(0, middle), blocks.slice(middle)])
        for (const request of requestsFor(half, BLOCK)) void this.fetch(request);
      return;
    }
    for (const { reject } of blocks) reject(error);
  }
}
