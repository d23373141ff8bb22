import { PAGE_SIZE, physicalAddress, type PhysicalAddress } from '../address.js';
import type { BufferPool } from '../source/stream/buffer-pool.js';
import type { MemoryImage } from './image.js';
import type { Run } from './run-list.js';

/** Consecutive pages of memory. */
export interface PageStretch {
  /** Of the first byte; null where nothing tells. */
  readonly physicalAddress: PhysicalAddress | null;
  /** Whole pages; the last one of a stream that is cut is shorter. */
  readonly bytes: Uint8Array;
}

/** Runs that lie closer than this in the source are read at once. */
const CLOSE = 64 << 10;

/**
 * Every page of an image, in the order of the source, so that it is read once from front to back. Each stretch is held
 * by its receiver, who releases its bytes to the pool.
 * @throws PoolTrackerError SOURCE_UNREADABLE, FORMAT_DAMAGED
 */
export async function* stretchesOf(image: MemoryImage, pool: BufferPool): AsyncGenerator<PageStretch> {
  for (const window of windowsOf(wholePages(image), pool.size)) {
    const first = window[0]!.offset;
    const last = window.at(-1)!;
    const buffer = await pool.acquire();
    try {
      const filled = await image.source.read(buffer.subarray(0, last.offset + last.length - first), first);
      for (const { start, offset, length } of window) {
        const bytes = buffer.subarray(offset - first, Math.min(filled, offset - first + length));
        if (bytes.length === 0) continue;
        pool.retain(bytes);
        yield { physicalAddress: start, bytes };
      }
    } finally {
      pool.release(buffer);
    }
  }
}

/** The runs from their first whole page on, by their place in the source. */
function wholePages({ runs }: MemoryImage): Run[] {
  const list: Run[] = [];
  for (const { start, length, offset } of runs) {
    const skipped = -start & (PAGE_SIZE - 1);
    if (length > skipped) list.push({ start: physicalAddress(start + skipped), length: length - skipped, offset: offset + skipped });
  }
  return list.sort((a, b) => a.offset - b.offset);
}

/** Cuts long runs to buffers, and puts short ones together that lie close by. */
function* windowsOf(runs: Iterable<Run>, size: number): Generator<Run[]> {
  let window: Run[] = [];
  for (const run of runs) {
    for (let done = 0; done < run.length; ) {
      const begin = window[0]?.offset ?? run.offset + done;
      const end = window.length === 0 ? begin : window.at(-1)!.offset + window.at(-1)!.length;
      const at = run.offset + done;
      const room = begin + size - at;
      // A stretch begins 4-byte aligned in its buffer, so that its words can be read where they are.
      if (window.length > 0 && (at - end > CLOSE || room < PAGE_SIZE || (at - begin) % 4 !== 0)) {
        yield window;
        window = [];
        continue;
      }
      const length = Math.min(run.length - done, room - (room % PAGE_SIZE));
      window.push({ start: physicalAddress(run.start + done), length, offset: at });
      done += length;
    }
  }
  if (window.length > 0) yield window;
}
