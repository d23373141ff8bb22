import { closeSync, constants, fstatSync, openSync, read, readlinkSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { systemErrorCode } from '../../errors.js';
import { whenAborted } from '../../work.js';
import {
  A_THREAD,
  EMPTY_MS,
  ENDED,
  NOBODY,
  NOW,
  type PipeThreads,
  READING,
  STATE_BYTES,
  STOPPED,
  THE_LOOP,
} from '../reading/pipe-turns.js';
import { widenPipe } from './wide-pipe.js';

const readDescriptor = promisify(read);

/** Stretches that are worth a message to another thread. */
const LONG = 64 << 10;

/** How long, and how often, a thread that was woken is waited for. */
const WOKEN_MS = 20;
const WAKES = 50;

/** The turn from which on a pipe is read from for so long that loading what gives it more room is worth it. */
const LONG_TURN = 16;

/** What may be blocked when the process ends, and is woken then. */
const blocked = new Set<{ wake(): void }>();
let watching = false;

function watch(sleeper: { wake(): void }): void {
  if (!watching) process.on('exit', wakeAll);
  watching = true;
  blocked.add(sleeper);
}

function wakeAll(): void {
  for (const sleeper of blocked) sleeper.wake();
}

/**
 * Opens a pipe that has a name, which waits until somebody has opened it to write; or until the process ends, or the
 * signal comes.
 */
export async function awaitWriter<T>(path: string, open: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let writing: number | null = null;
  const sleeper = { wake: () => void (writing ??= openToWrite(path)) };
  watch(sleeper);
  const forget = whenAborted(signal, () => sleeper.wake());
  return open().finally(() => {
    blocked.delete(sleeper);
    forget();
    if (writing !== null) closeSync(writing);
  });
}

/**
 * A writer of a pipe with a name, for as long as it stays open: the thread that is to wait for one may not have come so
 * far. Opened to read as well, since without a reader nobody may write.
 * @returns null where it cannot be opened
 */
function openToWrite(path: string): number | null {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch {
    return null;
  }
}

/**
 * A pipe of Linux, read by calls that block: they cost a third of those that do not, and other threads can make them
 * (see pipe-turns.ts).
 *
 * Node joins its threads before a process ends, so one that is blocked in an idle pipe would keep it from ending. It is
 * woken by a byte: `/proc/self/fd` opens any pipe again, for writing too. The one who was blocked takes that byte, and
 * drops it.
 */
export class BlockingPipe {
  readonly takesThreads = true;
  private readonly state = new SharedArrayBuffer(STATE_BYTES);
  private readonly words = new Int32Array(this.state);
  private turns = 0;
  /** The fills that were asked for so far. */
  private asked: Promise<unknown> = Promise.resolve();
  /** The last read of Node's own thread. */
  private here: Promise<unknown> = Promise.resolve();
  private isWidened = false;

  /** @param reading the descriptor that is read, which may be one of our own */
  private constructor(
    private readonly given: number,
    private readonly reading: number,
  ) {}

  /** The pipe of a descriptor; null where it is none, or could not be woken. */
  static of(descriptor: number): BlockingPipe | null {
    // A thread is ended without a chance to wake those it has started itself.
    if (process.platform !== 'linux' || !isMainThread || !fstatSync(descriptor).isFIFO()) return null;
    try {
      closeSync(openAgain(descriptor, constants.O_WRONLY | constants.O_NONBLOCK));
      // Others who share what the descriptor describes can make that non-blocking. What has a name cannot be opened
      // again without waiting for a writer.
      const isUnnamed = readlinkSync(pathOf(descriptor)).startsWith('pipe:');
      const pipe = new BlockingPipe(descriptor, isUnnamed ? openAgain(descriptor, constants.O_RDONLY) : descriptor);
      watch(pipe);
      return pipe;
    } catch {
      return null;
    }
  }

  /**
   * Fills `target`. Calls may overlap: bytes go to them in their order.
   * @param threads who reads, when there is much; else a thread of Node's own
   * @returns how many bytes: fewer than its length only at the end of the pipe
   */
  fill(target: Uint8Array, threads?: PipeThreads): Promise<number> {
    const before = this.asked;
    const { reading: descriptor, state } = this;
    const turn = this.turns++;
    if (turn >= LONG_TURN && !this.isWidened) {
      this.isWidened = true;
      void widenPipe(descriptor);
    }
    const filled =
      threads === undefined || target.length < LONG
        ? before.then(() => this.fillHere(target)).finally(() => this.next(turn))
        : threads.fill({ descriptor, state, turn }, target);
    // Without its result, which would hold that of the one before, and so on.
    this.asked = Promise.allSettled([before, filled]).then(() => undefined);
    return filled;
  }

  /** Ends every read; what they answer then means nothing. The writer of the pipe gets to know that nobody reads. */
  close(): void {
    if (!blocked.delete(this)) return;
    this.wake();
    const close = (): void => {
      closeSync(this.reading);
      if (this.given !== this.reading) closeSync(this.given);
      // The number of standard input stays taken: Node fails on an event queue or a socket of its own that gets it.
      if (this.given === 0) openSync('/dev/null', 'r');
    };
    // A read that Node's thread has not begun must not find another file under its number; the others look first.
    if (Atomics.load(this.words, READING) === THE_LOOP) void this.here.then(close);
    else close();
  }

  /** Ends the read that is blocked, if there is one, and all that would follow. */
  wake(): void {
    const { words } = this;
    Atomics.store(words, STOPPED, 1);
    Atomics.notify(words, STOPPED);
    for (let wakes = 0; wakes < WAKES && Atomics.load(words, READING) !== NOBODY; wakes++) {
      this.writeByte();
      // What Node's own thread has read it tells the event loop, which is not back before this returns.
      if (Atomics.load(words, READING) === THE_LOOP) return;
      Atomics.wait(words, READING, A_THREAD, WOKEN_MS);
    }
  }

  private writeByte(): void {
    try {
      const writing = openAgain(this.reading, constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        writeSync(writing, Uint8Array.of(0));
      } finally {
        closeSync(writing);
      }
    } catch {
      // A full pipe blocks no reader.
    }
  }

  private async fillHere(target: Uint8Array): Promise<number> {
    const { words } = this;
    let filled = 0;
    while (filled < target.length && Atomics.load(words, ENDED) === 0 && Atomics.load(words, STOPPED) === 0) {
      const count = await this.readSome(target.subarray(filled));
      if (count === 0) Atomics.store(words, ENDED, 1);
      if (count === null) await sleep(EMPTY_MS);
      filled += count ?? 0;
    }
    return filled;
  }

  /** @returns how many bytes, 0 at the end; null where a non-blocking pipe has none */
  private async readSome(target: Uint8Array): Promise<number | null> {
    Atomics.store(this.words, READING, THE_LOOP);
    const done = readDescriptor(this.reading, target, 0, target.length, null);
    this.here = done.catch(() => undefined);
    try {
      return (await done).bytesRead;
    } catch (error) {
      if (systemErrorCode(error) !== 'EAGAIN') throw error;
      return null;
    } finally {
      Atomics.store(this.words, READING, NOBODY);
    }
  }

  private next(turn: number): void {
    Atomics.store(this.words, NOW, turn + 1);
    Atomics.notify(this.words, NOW);
  }
}

function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

function openAgain(descriptor: number, flags: number): number {
  return openSync(pathOf(descriptor), flags);
}
