import { breathe } from '../breathe.js';
import { PAGE_SIZE, physicalAddress, type PhysicalAddress } from '../address.js';
import type { MemoryImage } from '../image/image.js';
import { readAround } from '../image/unreadable.js';
import { Cache, cached } from '../source/reading/cache.js';
import type { ByteRange } from '../source/source.js';

/** Pages kept: enough for the page tables of a walk, 4 MiB at most. */
const CACHED_PAGES = 1024;

/** Every so many pages the event loop gets its turn: pages that are cached come without it, millions in a row. */
const PAGES_IN_A_ROW = 256;

/** Stretches that are told of at a time, and runs that they lie in: what a list of either says is not bounded by itself. */
const MAX_AHEAD = 4096;

/** A stretch of physical memory, in bytes. */
export interface PhysicalStretch {
  readonly address: PhysicalAddress;
  readonly length: number;
}

/** Bytes of physical memory, and whether all of them could be read. */
export interface PhysicalRead {
  /** As many as were asked for; zero where memory is missing. */
  readonly bytes: Buffer;
  /** Whether every byte was in the image. */
  readonly whole: boolean;
}

/** Physical memory as the image holds it. Reads cross runs, and what lies in a hole is reported as missing. */
export class PhysicalMemory {
  private readonly pages = new Cache<number, Promise<Buffer | null>>(CACHED_PAGES);
  private asked = 0;

  constructor(readonly image: MemoryImage) {}

  /** Whether the image holds this address. */
  has(address: PhysicalAddress): boolean {
    return this.image.runs.find(address) !== undefined;
  }

  /** Whether it pays to say what is read next: not where the image is at hand. */
  get isRemote(): boolean {
    return this.image.source.prefetch !== undefined;
  }

  /**
   * Fetches what is read next in few requests, several at a time; nothing where the image is at hand. Of many stretches
   * the first are fetched.
   */
  async prefetch(stretches: readonly PhysicalStretch[]): Promise<void> {
    const { runs, source } = this.image;
    if (source.prefetch === undefined) return;
    const ranges: ByteRange[] = [];
    for (const { address, length } of stretches.slice(0, MAX_AHEAD)) {
      const end = address + length;
      for (let index = runs.indexAt(address); index < runs.count && ranges.length < MAX_AHEAD; index++) {
        const run = runs.at(index)!;
        if (run.start >= end) break;
        const from = Math.max(address, run.start);
        ranges.push({ offset: run.offset + from - run.start, length: Math.min(end, run.start + run.length) - from });
      }
    }
    if (ranges.length > 0) await source.prefetch(ranges);
  }

  /** Reads any range of addresses, not cached. */
  async read(address: PhysicalAddress, length: number): Promise<PhysicalRead> {
    const bytes = Buffer.alloc(length);
    return { bytes, whole: await this.fill(bytes, address) };
  }

  /**
   * Reads into memory that is used again and again: zeros where bytes are missing.
   * @returns whether every byte was in the image
   */
  async readInto(target: Uint8Array, address: PhysicalAddress): Promise<boolean> {
    target.fill(0);
    return this.fill(target, address);
  }

  /** @param bytes zeros so far */
  private async fill(bytes: Uint8Array, address: PhysicalAddress): Promise<boolean> {
    const { runs, source, unreadable } = this.image;
    const end = address + bytes.length;
    const reads: Promise<boolean>[] = [];
    let covered = 0;
    for (let index = runs.indexAt(address); index < runs.count; index++) {
      const run = runs.at(index)!;
      if (run.start >= end) break;
      const from = Math.max(address, run.start);
      const to = Math.min(end, run.start + run.length);
      const target = bytes.subarray(from - address, to - address);
      covered += target.length;
      const offset = run.offset + from - run.start;
      reads.push(
        readAround(
          target.length,
          async (first, end) => (await source.read(target.subarray(first, end), offset + first)) === end - first,
          (first, error) => {
            target.fill(0, first, Math.min(first + PAGE_SIZE, target.length));
            unreadable.note(offset + first, error);
          },
        ),
      );
    }
    return (await Promise.all(reads)).every(Boolean) && covered === bytes.length;
  }

  /** The page that holds `address`, or null when the image does not hold all of it. Cached; not to be written to. */
  page(address: PhysicalAddress): Promise<Buffer | null> {
    const start = address - (address % PAGE_SIZE);
    if (++this.asked % PAGES_IN_A_ROW === 0) return breathe().then(() => this.page(address));
    return cached(this.pages, start, 1, () => this.readPage(physicalAddress(start)));
  }

  private async readPage(start: PhysicalAddress): Promise<Buffer | null> {
    const { bytes, whole } = await this.read(start, PAGE_SIZE);
    return whole ? bytes : null;
  }
}
