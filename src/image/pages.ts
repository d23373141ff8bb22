import { PAGE_SIZE, physicalAddress, type PhysicalAddress } from '../address.js';
import { PoolTrackerError, type Warning } from '../errors.js';
import { PROBE_LENGTH, sourceOf } from '../source/source.js';
import type { BufferPool } from '../source/stream/buffer-pool.js';
import type { ByteStream } from '../source/stream/byte-stream.js';
import { formatOf } from './formats.js';
import type { MemoryImage, StreamedRun } from './image.js';
import { readAround } from './unreadable.js';
import type { Run } from './run-list.js';

/** Consecutive pages of memory. */
export interface PageStretch {
  /** Of the first byte; null when unknown. */
  readonly physicalAddress: PhysicalAddress | null;
  /** Whole pages; the last one of a truncated stream may be shorter. */
  readonly bytes: Uint8Array;
}

/** Leading bytes of a stream by which its format, or a wrong kind of file, is told: an ISO image by those at 32 KiB. */
const STREAM_PROBE = 0x9000;

/** Runs that are closer than this in the source are read together. */
const CLOSE = 64 << 10;

/**
 * Every page of an image, in the order of the source, so that it is read once, sequentially. Each stretch is held
 * by its receiver, who releases its bytes to the pool.
 * @throws PoolTrackerError SOURCE_UNREADABLE, FORMAT_DAMAGED
 */
export async function* stretchesOf(image: MemoryImage, pool: BufferPool): AsyncGenerator<PageStretch> {
  for (const window of windowsOf(wholePages(image), pool.size)) {
    const first = window[0]!.offset;
    const last = window.at(-1)!;
    const buffer = await pool.acquire();
    try {
      let filled = 0;
      const lost = new Set<number>();
      await readAround(
        last.offset + last.length - first,
        async (from, to) => {
          filled = from + (await image.source.read(buffer.subarray(from, to), first + from));
          return true;
        },
        (from, error) => {
          filled = from + PAGE_SIZE;
          lost.add(from);
          image.unreadable.note(first + from, error);
        },
      );
      for (const { start, offset, length } of window) {
        const from = offset - first;
        for (const [begin, end] of around(lost, from, Math.min(filled, from + length))) {
          const bytes = buffer.subarray(begin, end);
          pool.retain(bytes);
          yield { physicalAddress: physicalAddress(start + begin - from), bytes };
        }
      }
    } finally {
      pool.release(buffer);
    }
  }
}

/** The parts of a stretch of a buffer that touch none of the pages that begin at the places given. */
function* around(lost: ReadonlySet<number>, from: number, to: number): Generator<readonly [number, number]> {
  if (lost.size === 0) {
    if (to > from) yield [from, to];
    return;
  }
  const isLost = (page: number): boolean =>
    [...lost].some((place) => page < place + PAGE_SIZE && place < page + PAGE_SIZE);
  let begin = from;
  for (let page = from; page < to; page += PAGE_SIZE) {
    if (!isLost(page)) continue;
    if (page > begin) yield [begin, page];
    begin = page + PAGE_SIZE;
  }
  if (to > begin) yield [begin, to];
}

/** The runs from their first whole page, by offset in the source. */
function wholePages({ runs }: MemoryImage): Run[] {
  const list: Run[] = [];
  for (const { start, length, offset } of runs) {
    const skipped = -start & (PAGE_SIZE - 1);
    if (length > skipped)
      list.push({ start: physicalAddress(start + skipped), length: length - skipped, offset: offset + skipped });
  }
  return list.sort((a, b) => a.offset - b.offset);
}

/** Splits long runs to fit buffers, and groups short ones that are close together. */
function* windowsOf(runs: Iterable<Run>, size: number): Generator<Run[]> {
  let window: Run[] = [];
  for (const run of runs) {
    for (let done = 0; done < run.length;) {
      const begin = window[0]?.offset ?? run.offset + done;
      const end = window.length === 0 ? begin : window.at(-1)!.offset + window.at(-1)!.length;
      const at = run.offset + done;
      const room = begin + size - at;
      // A stretch begins 4-byte aligned in its buffer, so that its words can be read in place.
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

/** Whole pages that a format made, as stretches of the pool's buffers. */
async function* copied(
  start: PhysicalAddress | null,
  bytes: Uint8Array,
  pool: BufferPool,
): AsyncGenerator<PageStretch> {
  for (let done = 0; done < bytes.length;) {
    const part = bytes.subarray(done, done + pool.size);
    const buffer = (await pool.acquire()).subarray(0, part.length);
    buffer.set(part);
    yield { physicalAddress: start === null ? null : physicalAddress(start + done), bytes: buffer };
    done += part.length;
  }
}

/**
 * Memory from a stream, in any container format that gives the addresses of its pages as it is read; anything else is
 * treated as bare pages.
 */
export class StreamedMemory {
  /** Complete after the last page. */
  readonly warnings: Warning[] = [];
  /** Bytes of known addresses beyond the end of a truncated stream. */
  private missing = 0;

  constructor(private readonly stream: ByteStream) {}

  /**
   * Every page of the stream. Each stretch is held by its receiver, who releases its bytes to the pool.
   * @throws PoolTrackerError FORMAT_REFUSED for a container that cannot be read as a stream; FORMAT_DAMAGED;
   *   the error of the stream
   */
  async *stretches(pool: BufferPool): AsyncGenerator<PageStretch> {
    for await (const { start, length, bytes } of await this.runs()) {
      if (bytes !== undefined) {
        yield* copied(start, bytes, pool);
        continue;
      }
      const skipped = start === null ? 0 : -start & (PAGE_SIZE - 1);
      await this.stream.reader.skip(Math.min(skipped, length));
      const first = start === null ? null : physicalAddress(start + skipped);
      yield* this.pagesOf({ start: first, length: length - skipped }, pool);
    }
    if (this.missing > 0) this.noteCut(`the stream ends ${this.missing} bytes before its last range of memory does`);
  }

  private async runs(): Promise<AsyncIterable<StreamedRun>> {
    const { name, reader } = this.stream;
    const start = await reader.peek(STREAM_PROBE);
    const head = start.subarray(0, PROBE_LENGTH);
    if (head.length === 0) throw new PoolTrackerError('NOT_AN_IMAGE', `${name} is empty`);
    const format = await formatOf(head, sourceOf(name, start));
    if (format.stream !== undefined) return format.stream(reader, (warning) => this.warnings.push(warning));
    throw new PoolTrackerError('FORMAT_REFUSED', `${name}: ${format.title}: its pages cannot be told from a stream`, {
      hint: 'copy it to a file first, or keep it with --spool',
    });
  }

  private async *pagesOf({ start, length }: StreamedRun, pool: BufferPool): AsyncGenerator<PageStretch> {
    const { reader } = this.stream;
    const asked: { readonly buffer: Uint8Array; readonly filling: Promise<number> }[] = [];
    let askedFor = 0;
    for (let done = 0; done < length;) {
      while (askedFor < length && asked.length < reader.overlapping(pool.threads)) {
        const buffer = (await pool.acquire()).subarray(0, length - askedFor);
        const filling = reader.fill(buffer, pool.threads);
        // One behind another that failed is never awaited.
        filling.catch(() => undefined);
        asked.push({ buffer, filling });
        askedFor += buffer.length;
      }
      const { buffer, filling } = asked.shift()!;
      let filled = 0;
      try {
        filled = await filling;
      } finally {
        if (filled === 0) pool.release(buffer);
      }
      if (filled > 0)
        yield {
          physicalAddress: start === null ? null : physicalAddress(start + done),
          bytes: buffer.subarray(0, filled),
        };
      done += filled;
      const odd = filled % PAGE_SIZE;
      if (odd !== 0 && start === null)
        this.noteCut(`the last page is cut short: ${odd} of ${PAGE_SIZE} bytes; the stream may be truncated`);
      if (filled === buffer.length) continue;
      for (const more of asked) pool.release(more.buffer);
      if (start !== null) this.missing += length - done;
      return;
    }
  }

  private noteCut(message: string): void {
    this.warnings.push({ code: 'image-cut', message });
  }
}
