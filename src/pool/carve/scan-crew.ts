import { PAGE_SIZE, physicalAddress } from '../../address.js';
import type { PageStretch } from '../../image/page-stretch.js';
import { BufferPool } from '../../source/buffer-pool.js';
import { signsOf, type PageCarver } from './page-carver.js';
import type { PageScanner } from './page-signs.js';
import { PlainScanner } from './plain-scanner.js';

/** Bytes read at a time: large enough that reading is fast, small enough that a few fit the processor's cache. */
const BUFFER_SIZE = 1 << 20;
const BUFFERS = 8;

/** Looks at pages: the first look of every stretch, on this thread or on others, and the carver's closer one behind it. */
export class ScanCrew {
  readonly pool: BufferPool;
  private readonly scanner: PageScanner = new PlainScanner();

  constructor(threads = 0) {
    void threads;
    this.pool = new BufferPool(new SharedArrayBuffer(BUFFER_SIZE * BUFFERS), 0, BUFFER_SIZE, BUFFERS);
  }

  /** Takes a stretch of pages; releases its bytes when they lie in the pool, else copies them. */
  async take(stretch: PageStretch, carver: PageCarver): Promise<void> {
    if (this.pool.owns(stretch.bytes)) {
      carver.take(stretch, signsOf(this.scanner, stretch.bytes));
      this.pool.release(stretch.bytes);
      return;
    }
    for (let at = 0; at < stretch.bytes.length; at += BUFFER_SIZE) {
      const part = stretch.bytes.subarray(at, at + BUFFER_SIZE);
      const buffer = (await this.pool.acquire()).subarray(0, part.length - (part.length % PAGE_SIZE));
      buffer.set(part.subarray(0, buffer.length));
      const start = stretch.physicalAddress;
      await this.take({ physicalAddress: start === null ? null : physicalAddress(start + at), bytes: buffer }, carver);
    }
  }

  /** Waits until every stretch has been looked at. */
  async finish(): Promise<void> {}

  async close(): Promise<void> {}
}
