import { availableParallelism } from 'node:os';
import { physicalAddress } from '../../address.js';
import type { PageStretch } from '../../image/pages.js';
import { BufferPool } from '../../source/stream/buffer-pool.js';
import type { PipeThreads, PipeTurn } from '../../source/reading/pipe-turns.js';
import { signsOf, type PageCarver } from './page-carver.js';
import type { PageScanner } from './scan/page-signs.js';
import { PlainScanner } from './scan/plain-scanner.js';
import { type Examined, ScanThread } from './scan/scan-thread.js';
import { BUFFERS_AT, compilePageScanner, scannerMemory, WasmScanner } from './scan/wasm-scanner.js';
import type { WasmMemory, WasmModule } from './scan/wasm-scanner.js';

/**
 * Bytes read at a time: large enough that the messages about them cost little, small enough that a thread finds what it
 * has read in its processor's cache.
 */
const BUFFER_SIZE = 2 << 20;
const BUFFERS = 7;

/** Bytes below which no threads are started: the work would be done before they run. */
const ALONE = 64 << 20;
/** Maximum length in bytes of a stretch that is not worth a message to another thread. */
const SHORT = 64 << 10;
const MAX_THREADS = 8;
/** Each has a buffer, and one more is taken or examined. */
const MAX_READERS = BUFFERS - 1;
const PENDING_EACH = 2;

/** The main thread leaves a pipe to others, and whoever writes into it needs a processor as well. */
function readersFor(wanted: number): number {
  if (wanted === 0) return 0;
  return Math.max(1, Math.min(wanted + 1, availableParallelism() - 1, MAX_READERS));
}

function leastBusy(threads: readonly ScanThread[]): ScanThread | undefined {
  return threads.reduce<ScanThread | undefined>(
    (best, thread) => (best === undefined || thread.pending < best.pending ? thread : best),
    undefined,
  );
}

/** Threads that read a pipe in turns, and examine what they have read while it is warm in their processor's cache. */
class PipeReaders implements PipeThreads {
  readonly threads: ScanThread[] = [];
  /** By where they lie: stretches that were read, and have not been taken yet. */
  private readonly examined = new Map<number, Examined>();

  constructor(
    private readonly most: number,
    private readonly newThread: (index: number) => ScanThread,
  ) {}

  get ahead(): number {
    // All are waited for before the first is taken.
    return Math.min(this.most + 1, BUFFERS);
  }

  async fill(turn: PipeTurn, { byteOffset, length }: Uint8Array): Promise<number> {
    const found = await this.nextThread().examine({ offset: byteOffset, length, turn, isSoleReader: this.most === 1 });
    this.examined.set(byteOffset, found);
    return found.filled;
  }

  /** What a thread found in just this stretch when it had read it. */
  taken({ byteOffset, length }: Uint8Array): Examined | undefined {
    const found = this.examined.get(byteOffset);
    this.examined.delete(byteOffset);
    return found?.filled === length ? found : undefined;
  }

  private nextThread(): ScanThread {
    const best = leastBusy(this.threads);
    if (best !== undefined && (best.pending === 0 || this.threads.length === this.most)) return best;
    this.threads.push(this.newThread(this.threads.length));
    return this.threads.at(-1)!;
  }
}

/** Examines pages: the first look at every stretch, on this or other threads, then the carver's closer look. */
export class ScanCrew {
  /** Buffers to read into: their contents are examined without a copy. */
  readonly pool: BufferPool;
  private readonly scanner: PageScanner;
  private readonly shared: { readonly module: WasmModule; readonly memory: WasmMemory } | null;
  private threads: ScanThread[] = [];
  private readonly readers: PipeReaders | null;
  private taken = 0;
  /** Resolves when every stretch taken so far has been examined; stretches are examined in order. */
  private done: Promise<void> = Promise.resolve();

  /**
   * @param wanted number of additional threads; none without WebAssembly
   * @param readers number of those that read a pipe; with none it is read as other streams are
   */
  constructor(
    private readonly wanted = 0,
    module: WasmModule | null = compilePageScanner(),
    readers = readersFor(wanted),
  ) {
    if (module === null) {
      this.shared = null;
      this.readers = null;
      this.scanner = new PlainScanner();
      this.pool = new BufferPool(new SharedArrayBuffer(BUFFER_SIZE * BUFFERS), 0, BUFFER_SIZE, BUFFERS);
    } else {
      const memory = scannerMemory();
      this.shared = { module, memory };
      this.scanner = new WasmScanner(module, memory);
      this.readers = readers === 0 ? null : new PipeReaders(readers, (index) => this.newThread(MAX_THREADS + index));
      this.pool = new BufferPool(memory.buffer, BUFFERS_AT, BUFFER_SIZE, BUFFERS, this.readers ?? undefined);
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
    const examined = this.readers?.taken(bytes);
    if (examined !== undefined) {
      await this.done;
      return this.lookCloser(stretch, carver, examined.signs);
    }
    this.taken += bytes.length;
    if (this.taken > ALONE && this.threads.length === 0) this.startThreads();
    const thread = bytes.length < SHORT ? undefined : leastBusy(this.threads);
    if (thread === undefined) {
      await this.done;
      this.lookCloser(stretch, carver, signsOf(this.scanner, bytes));
      return;
    }
    const isFull = thread.pending >= PENDING_EACH;
    const before = this.done;
    const examining = thread.examine({ offset: bytes.byteOffset, length: bytes.length });
    this.done = Promise.all([examining, before]).then(([{ signs }]) => this.lookCloser(stretch, carver, signs));
    this.done.catch(() => undefined);
    if (isFull) await before;
  }

  private lookCloser(stretch: PageStretch, carver: PageCarver, signs: Uint16Array): void {
    carver.take(stretch, signs);
    this.pool.release(stretch.bytes);
  }

  private startThreads(): void {
    if (this.shared === null) return;
    const count = Math.min(this.wanted, MAX_THREADS);
    this.threads = Array.from({ length: count }, (_, index) => this.newThread(index));
  }

  private newThread(index: number): ScanThread {
    return new ScanThread({ ...this.shared!, thread: index + 1 });
  }

  /** Waits until every stretch has been examined. @throws PoolTrackerError INTERNAL when a thread failed */
  finish(): Promise<void> {
    return this.done;
  }

  async close(): Promise<void> {
    await Promise.all([...this.threads, ...(this.readers?.threads ?? [])].map((thread) => thread.close()));
  }
}
