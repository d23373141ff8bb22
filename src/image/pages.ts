import { PAGE_SIZE, physicalAddress, type PhysicalAddress } from '../address.js';
import { PoolTrackerError, type Warning } from '../errors.js';
import type { ByteReader } from '../source/reading/byte-reader.js';
import { Container } from '../source/reading/container.js';
import type { Source } from '../source/source.js';
import type { BufferPool } from '../source/stream/buffer-pool.js';
import type { ByteStream } from '../source/stream/byte-stream.js';
import { ElfHeader, isElfCore, PT_LOAD } from './elf/header.js';
import { IMAGE_FORMATS } from './formats.js';
import { type MemoryImage, PROBE_LENGTH } from './image.js';
import { lime } from './lime/lime.js';
import { pagePhase } from './raw.js';
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
    if (length > skipped)
      list.push({ start: physicalAddress(start + skipped), length: length - skipped, offset: offset + skipped });
  }
  return list.sort((a, b) => a.offset - b.offset);
}

/** Cuts long runs to buffers, and puts short ones together that lie close by. */
function* windowsOf(runs: Iterable<Run>, size: number): Generator<Run[]> {
  let window: Run[] = [];
  for (const run of runs) {
    for (let done = 0; done < run.length;) {
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

/** Formats whose pages lie whole in the file and page-aligned, so that the stream may be read as pages from its start. */
const ALIGNED_FORMATS = ['crash-dump-64', 'crash-dump-32', 'vmware-vmem', 'raw'];

/** Bytes that tell where pages begin. */
const PHASE_SAMPLE = 4 << 20;

/** A stretch of the stream that is memory. */
interface Part {
  readonly start: PhysicalAddress | null;
  readonly length: number;
}

/** The bytes at the head of a stream, as formats are shown them. */
function headSource(name: string, head: Buffer): Source {
  return {
    name,
    byteLength: head.length,
    bytesRead: head.length,
    read: (target, offset) => Promise.resolve(head.copy(target, 0, offset, offset + target.length)),
    close: () => Promise.resolve(),
  };
}

/**
 * Memory that comes as a stream. LiME files and ELF cores tell as they come where their pages lie; of anything else the
 * pages are taken as they follow each other, from where they seem to begin.
 */
export class StreamedMemory {
  /** The container's name; null when it is taken for bare pages. */
  format: string | null = null;
  readonly warnings: Warning[] = [];
  private readonly input: ByteReader;

  constructor(private readonly stream: ByteStream) {
    this.input = stream.reader;
  }

  /**
   * Every page of the stream. Each stretch is held by its receiver, who releases its bytes to the pool.
   * @throws PoolTrackerError FORMAT_REFUSED for a container whose pages cannot be told from a stream; what the stream ends with
   */
  async *stretches(pool: BufferPool): AsyncGenerator<PageStretch> {
    const head = await this.input.peek(PROBE_LENGTH);
    if (head.length === 0) throw new PoolTrackerError('NOT_AN_IMAGE', `${this.stream.name} is empty`);
    const source = headSource(this.stream.name, head);
    const format = await this.formatOf(head, source);
    const parts =
      format === lime.name ? this.limeParts() : format === 'elf-core' ? this.elfParts(source) : this.bareParts();
    for await (const { start, length } of parts) {
      const skipped = start === null ? 0 : -start & (PAGE_SIZE - 1);
      await this.input.skip(Math.min(skipped, length));
      yield* this.pagesOf(
        { start: start === null ? null : physicalAddress(start + skipped), length: length - skipped },
        pool,
      );
    }
  }

  private async formatOf(head: Buffer, source: Source): Promise<string> {
    for (const { name, title, probe } of IMAGE_FORMATS) {
      if (!(await probe(head, source))) continue;
      if (name === lime.name || (name === 'elf-core' && isElfCore(head))) return (this.format = name);
      if (ALIGNED_FORMATS.includes(name)) {
        this.format = name.startsWith('crash-dump') ? name : null;
        return name;
      }
      throw new PoolTrackerError(
        'FORMAT_REFUSED',
        `${this.stream.name}: ${title}: its pages cannot be told from a stream`,
        {
          hint: 'copy it to a file first, or keep it with --spool',
        },
      );
    }
    return 'raw';
  }

  private async *pagesOf({ start, length }: Part, pool: BufferPool): AsyncGenerator<PageStretch> {
    for (let done = 0; done < length;) {
      const buffer = await pool.acquire();
      let filled = 0;
      try {
        filled = await this.input.fill(buffer.subarray(0, Math.min(pool.size, length - done)));
      } finally {
        if (filled === 0) pool.release(buffer);
      }
      if (filled === 0) return this.noteCut(start === null ? 0 : length - done);
      yield {
        physicalAddress: start === null ? null : physicalAddress(start + done),
        bytes: buffer.subarray(0, filled),
      };
      done += filled;
      if (filled % PAGE_SIZE !== 0 && start === null) this.noteOdd(filled % PAGE_SIZE);
    }
  }

  private noteCut(missing: number): void {
    if (missing > 0)
      this.warnings.push({
        code: 'image-cut',
        message: `the stream ends ${missing} bytes before its last range of memory does`,
      });
  }

  private noteOdd(odd: number): void {
    this.warnings.push({
      code: 'image-cut',
      message: `the last page is cut short: ${odd} of ${PAGE_SIZE} bytes; the stream may be truncated`,
    });
  }

  private async *limeParts(): AsyncGenerator<Part> {
    for (;;) {
      const header = await this.input.peek(32);
      if (header.length < 32) return;
      await this.input.skip(32);
      const first = header.readBigUInt64LE(8);
      const last = header.readBigUInt64LE(16);
      if (!lime.probe(header, headSource(this.stream.name, header)) || last < first || last >= 2n ** 52n) {
        this.warnings.push({
          code: 'image-trailing-bytes',
          message: `behind the LiME ranges, at offset ${this.input.offset - 32} of the stream, comes something else, which was left out`,
        });
        return;
      }
      yield { start: physicalAddress(Number(first)), length: Number(last - first) + 1 };
    }
  }

  private async *elfParts(source: Source): AsyncGenerator<Part> {
    const header = await ElfHeader.read(new Container(source, 'ELF core'));
    const loads = (await header.segments()).filter(({ type, fileSize }) => type === PT_LOAD && fileSize > 0);
    for (const { offset, fileSize, physicalAddress: start } of loads.sort((a, b) => a.offset - b.offset)) {
      if (offset < this.input.offset) continue;
      await this.input.skip(offset - this.input.offset);
      yield { start: physicalAddress(start), length: fileSize };
    }
  }

  private async *bareParts(): AsyncGenerator<Part> {
    const phase = pagePhase(await this.input.peek(PHASE_SAMPLE));
    await this.input.skip(phase);
    if (phase > 0) {
      this.warnings.push({
        code: 'stream-phase',
        message: `the pages begin ${phase} bytes behind the start of the stream, by where zeros end`,
      });
    }
    yield { start: null, length: Infinity };
  }
}
