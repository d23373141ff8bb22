import { hex } from '../../address.js';
import { PoolTrackerError, type Warning } from '../../errors.js';
import { type ByteRange, type Prefetch, rangesWithin, type Source } from '../source.js';
import { Cache, cached } from './cache.js';

/** A piece of a decompressed view, decompressed as one unit. */
export interface Chunk {
  /** Identifies the chunk in calls of the table's `load`. */
  readonly index: number;
  /** Start and length in the view, in bytes. */
  readonly start: number;
  readonly length: number;
}

/** How a container divides its memory into chunks. */
export interface ChunkTable {
  /** Length of the whole view in bytes. */
  readonly byteLength: number;
  /** The chunk that contains the view's byte at `offset`; `offset` must be below `byteLength`. */
  at(offset: number): Chunk;
  /** Exactly the chunk's bytes. @throws PoolTrackerError FORMAT_DAMAGED, SOURCE_UNREADABLE */
  load(chunk: Chunk): Promise<Uint8Array>;
}

/** Default limit of decompressed bytes in the cache; exceeded only by a single larger chunk. */
const CACHE_BYTES = 16 << 20;

/** Damaged chunks that are remembered: each of a large one's pages is asked for by itself. */
const MAX_DAMAGED = 4096;

/** Chunks of one read that are fetched and decompressed concurrently: so many, or more of small ones up to so many bytes. */
const AT_ONCE = 8;
const BYTES_AT_ONCE = 1 << 18;

/** The decompressed view of a container: chunks are decompressed on demand, and recently used ones are cached. */
export class ChunkedSource implements Source {
  readonly prefetch: Prefetch | undefined;
  private readonly chunks: Cache<number, Promise<Uint8Array>>;
  /** By the chunk's index. Only what its bytes show: what could not be fetched may be had the next time. */
  private readonly verdicts = new Cache<number, PoolTrackerError>(MAX_DAMAGED);

  /**
   * @param bases what the chunks are fetched from; closed with the view
   * @param cacheBytes limit of decompressed bytes in the cache: a few times the largest chunk
   */
  constructor(
    private readonly bases: readonly [Source, ...Source[]],
    private readonly table: ChunkTable,
    private readonly cacheBytes = CACHE_BYTES,
  ) {
    this.chunks = new Cache(cacheBytes);
    if (bases.some(({ prefetch }) => prefetch !== undefined)) this.prefetch = (ranges) => this.ahead(ranges);
  }

  get name(): string {
    return this.bases[0].name;
  }

  get byteLength(): number {
    return this.table.byteLength;
  }

  get warnings(): readonly Warning[] {
    return this.bases[0].warnings ?? [];
  }

  get bytesRead(): number {
    return this.bases.reduce((sum, base) => sum + base.bytesRead, 0);
  }

  /** Beside the file that the view is of. */
  sibling(fileName: string): Promise<Source | null> {
    return this.bases[0].sibling?.(fileName) ?? Promise.resolve(null);
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    const end = Math.min(offset + target.length, this.byteLength);
    for (let position = offset; position < end;) {
      const batch: Chunk[] = [];
      for (let at = position; at < end && (batch.length < AT_ONCE || at - position < BYTES_AT_ONCE);) {
        const chunk = this.table.at(at);
        batch.push(chunk);
        at = chunk.start + chunk.length;
      }
      for (const [index, bytes] of (await Promise.all(batch.map((chunk) => this.bytesOf(chunk)))).entries()) {
        const { start } = batch[index]!;
        const part = bytes.subarray(position - start, end - start);
        target.set(part, position - offset);
        position += part.length;
      }
    }
    return Math.max(0, end - offset);
  }

  async close(): Promise<void> {
    this.chunks.clear();
    await Promise.all(this.bases.map((base) => base.close()));
  }

  /** Fetches and decompresses the chunks of some ranges, the first of them: as many as are still cached when they are read. */
  private async ahead(ranges: readonly ByteRange[]): Promise<void> {
    const chunks = new Map<number, Chunk>();
    let left = this.cacheBytes / 2;
    for (const { offset, length } of rangesWithin(ranges, 0, this.byteLength)) {
      for (let at = offset; at < offset + length && left > 0;) {
        const chunk = this.table.at(at);
        at = chunk.start + chunk.length;
        if (chunks.has(chunk.index)) continue;
        chunks.set(chunk.index, chunk);
        left -= chunk.length;
      }
    }
    await Promise.allSettled([...chunks.values()].map((chunk) => this.bytesOf(chunk)));
  }

  private bytesOf(chunk: Chunk): Promise<Uint8Array> {
    const verdict = this.verdicts.get(chunk.index);
    if (verdict !== undefined) return Promise.reject(verdict);
    return cached(this.chunks, chunk.index, chunk.length, () => this.load(chunk));
  }

  private async load(chunk: Chunk): Promise<Uint8Array> {
    let bytes: Uint8Array;
    try {
      bytes = await this.table.load(chunk);
    } catch (error) {
      if (!(error instanceof PoolTrackerError) || error.code !== 'FORMAT_DAMAGED') throw error;
      throw this.damaged(chunk, error.message, error);
    }
    if (bytes.length !== chunk.length)
      throw this.damaged(chunk, `${chunk.length} bytes belong there, ${bytes.length} came out`);
    return bytes;
  }

  private damaged(chunk: Chunk, problem: string, cause?: unknown): PoolTrackerError {
    const message = `${this.name}: the memory at ${hex(chunk.start)} of its contents cannot be decompressed: ${problem}`;
    // The chunks around it are read as before.
    const verdict = new PoolTrackerError('FORMAT_DAMAGED', message, { cause, data: { local: true } });
    this.verdicts.set(chunk.index, verdict);
    return verdict;
  }
}

/** Chunks of equal size; the last one may be shorter. */
export function evenChunks(chunkSize: number, byteLength: number): Pick<ChunkTable, 'byteLength' | 'at'> {
  return {
    byteLength,
    at(offset) {
      const index = Math.floor(offset / chunkSize);
      const start = index * chunkSize;
      return { index, start, length: Math.min(chunkSize, byteLength - start) };
    },
  };
}

/** Chunks of varying size, given by their start offsets, ascending from 0. */
export function listedChunks(starts: readonly number[], byteLength: number): Pick<ChunkTable, 'byteLength' | 'at'> {
  return {
    byteLength,
    at(offset) {
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (starts[middle]! <= offset) low = middle;
        else high = middle - 1;
      }
      const start = starts[low]!;
      return { index: low, start, length: (starts[low + 1] ?? byteLength) - start };
    },
  };
}
