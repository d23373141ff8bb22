import { PAGE_SIZE, physicalAddress } from '../../address.js';
import type { PageStretch } from '../../image/pages.js';
import { BufferPool } from '../../source/stream/buffer-pool.js';
import { signsOf, type PageCarver } from './page-carver.js';
import type { PageScanner } from './scan/page-signs.js';
import { PlainScanner } from './scan/plain-scanner.js';
import { ScanThread } from './scan/scan-thread.js';
import { BUFFERS_AT, compilePageScanner, scannerMemory, WasmScanner } from './scan/wasm-scanner.js';
import type { WasmMemory, WasmModule } from './scan/wasm-scanner.js';

/** Bytes read at a time: large enough for fast reads, small enough that a few fit in the processor's cache. */
const BUFFER_SIZE = 1 << 20;
const BUFFERS = 12;

/** Bytes below which no threads are started: the work would be done before they run. */
const ALONE = 64 << 20;
/** Maximum length in bytes of a stretch that is not worth a message to another thread. */
const SHORT = 64 << 10;
const MAX_THREADS = 8;
const PENDING_EACH = 2;

/** Examines pages: the first look at every stretch, on this or other threads, then the carver's closer look. */
export class ScanCrew {
  /** Buffers to read into: their contents are examined without a copy. */
  readonly pool: BufferPool;
  private readonly scanner: PageScanner;
  private readonly shared: { readonly module: WasmModule; readonly memory: WasmMemory } | null;
  private threads: ScanThread[] = [];
  private taken = 0;
  /** Resolves when every stretch taken so far has been examined; stretches are examined in order. */
  private done: Promise<void> = Promise.resolve();

  /** @param wanted number of additional threads; none without WebAssembly */
  constructor(
    private readonly wanted = 0,
    module: WasmModule | null = compilePageScanner(),
  ) {
    if (module === null) {
      this.shared = null;
      this.scanner = new PlainScanner();
      this.pool = new BufferPool(new SharedArrayBuffer(BUFFER_SIZE * BUFFERS), 0, BUFFER_SIZE, BUFFERS);
    } else {
      const memory = scannerMemory();
      this.shared = { module, memory };
      this.scanner = new WasmScanner(module, memory);
      this.pool = new BufferPool(memory.buffer, BUFFERS_AT, BUFFER_SIZE, BUFFERS);
    }
  }

  /**
   * Takes a stretch of pages. A stretch in the pool is examined in place and released; any other one is copied.
   * @returns when the next stretch can be taken
   */
  async take(stretch: PageStretch, carver: PageCarver): Promise<void> {
    const { bytes, physicalAddress: start } = stretch;
    if (this.pool.owns(bytes)) return this.look(stretch, carver);
    for (let at = 0; at < bytes.length; at += BUFFER_SIZE) {
      const part = bytes.subarray(at, at + BUFFER_SIZE);
      const buffer = (await this.pool.acquire()).subarray(0, part.length);
      buffer.set(part);
      await this.look({ physicalAddress: start === null ? null : physicalAddress(start + at), bytes: buffer }, carver);
    }
  }

  private async look(stretch: PageStretch, carver: PageCarver): Promise<void> {
    const { bytes } = stretch;
    this.taken += bytes.length;
    if (this.taken > ALONE && this.threads.length === 0) this.startThreads();
    const thread = bytes.length < SHORT ? undefined : this.leastBusy();
    if (thread === undefined) {
      await this.done;
      this.lookCloser(stretch, carver, signsOf(this.scanner, bytes));
      return;
    }
    const isFull = thread.pending >= PENDING_EACH;
    const before = this.done;
    const signs = thread.scan({ offset: bytes.byteOffset, pages: Math.floor(bytes.length / PAGE_SIZE) });
    this.done = Promise.all([signs, before]).then(([found]) => this.lookCloser(stretch, carver, found));
    this.done.catch(() => undefined);
    if (isFull) await before;
  }

  private lookCloser(stretch: PageStretch, carver: PageCarver, signs: Uint16Array): void {
    carver.take(stretch, signs);
    this.pool.release(stretch.bytes);
  }

  private leastBusy(): ScanThread | undefined {
    return this.threads.reduce<ScanThread | undefined>(
      (best, thread) => (best === undefined || thread.pending < best.pending ? thread : best),
      undefined,
    );
  }

  private startThreads(): void {
    const { shared } = this;
    if (shared === null) return;
    const count = Math.min(this.wanted, MAX_THREADS);
    this.threads = Array.from({ length: count }, (_, index) => new ScanThread({ ...shared, thread: index + 1 }));
  }

  /** Waits until every stretch has been examined. @throws PoolTrackerError INTERNAL when a thread failed */
  finish(): Promise<void> {
    return this.done;
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}
