import { closeSync, fstatSync, read } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { ByteOrigin } from '../reading/byte-origin.js';
import { BlockingPipe } from './blocking-pipe.js';
import type { PipeThreads } from '../reading/pipe-turns.js';

/** The usual capacity of a pipe. */
const PIPE_SIZE = 64 << 10;

/**
 * Reads a socket, or a pipe that is not to be read by blocking calls, into buffers of the reader. Uses the most direct
 * way that Node has for that: a socket with a given target buffer (`onread`). Over a pause it keeps the last buffer that
 * it was given, so the end of each target is read into a small separate buffer and copied.
 */
export class PipeReader {
  private readonly socket: Socket;
  private readonly small = new Uint8Array(PIPE_SIZE);
  /** Bytes of `small` that were not delivered yet. */
  private left: Uint8Array = new Uint8Array();
  private target: Uint8Array = new Uint8Array();
  private filled = 0;
  private wake: (() => void) | null = null;
  private error: Error | null = null;
  private ended = false;

  constructor(descriptor: number) {
    // The types of Node 20 declare `onread` only for connecting sockets.
    const options = {
      fd: descriptor,
      readable: true,
      writable: false,
      onread: {
        buffer: () => this.room(),
        callback: (count: number, buffer: Uint8Array) => this.arrived(count, buffer),
      },
    };
    this.socket = new Socket(options);
    this.socket
      .on('error', (error) => this.finish(error))
      .on('end', () => this.finish(null))
      .on('close', () => this.finish(null));
  }

  /** Fills `target`. @returns how many bytes: fewer than its length only at the end of the pipe */
  async fill(target: Uint8Array): Promise<number> {
    this.target = target;
    this.filled = 0;
    this.hand(this.left);
    while (this.filled < target.length && !this.ended) {
      const woken = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.socket.resume();
      this.socket.read(0);
      await woken;
    }
    if (this.error !== null) throw this.error;
    return this.filled;
  }

  close(): void {
    this.socket.destroy();
  }

  /** The buffer for the next bytes. */
  private room(): Uint8Array {
    return this.target.length - this.filled > PIPE_SIZE
      ? this.target.subarray(this.filled, this.filled + PIPE_SIZE)
      : this.small;
  }

  /** @returns whether to continue reading */
  private arrived(count: number, buffer: Uint8Array): boolean {
    if (buffer === this.small) this.hand(this.small.subarray(0, count));
    else this.filled += count;
    if (this.filled < this.target.length) return true;
    this.socket.pause();
    this.wake?.();
    return false;
  }

  private hand(bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.target.length - this.filled);
    this.target.set(part, this.filled);
    this.filled += part.length;
    this.left = bytes.subarray(part.length);
  }

  private finish(error: Error | null): void {
    this.error ??= error;
    this.ended = true;
    this.wake?.();
  }
}

const readDescriptor = promisify(read);

/** Size of a piece in bytes, for sequential readers. */
const PIECE = 256 << 10;

/** How a kind of descriptor is read. */
interface Way {
  readonly takesThreads?: boolean;
  fill(target: Uint8Array, threads?: PipeThreads): Promise<number>;
  close(): void;
}

/** The bytes of a descriptor, a pipe or a file: read into buffers of the reader, or in pieces. */
export class DescriptorBytes implements ByteOrigin {
  /** Bytes delivered so far. */
  bytesRead = 0;
  private opened: Way | null = null;

  /** @param name how messages name it */
  constructor(
    private readonly name: string,
    private readonly descriptor: number,
  ) {}

  get takesThreads(): boolean {
    return this.way.takesThreads === true;
  }

  /**
   * Fills `target`.
   * @returns how many bytes: fewer than its length only at the end of the stream
   * @throws PoolTrackerError SOURCE_UNREADABLE
   */
  async fill(target: Uint8Array, threads?: PipeThreads): Promise<number> {
    if (target.length === 0) return 0;
    try {
      const filled = await this.way.fill(target, threads);
      this.bytesRead += filled;
      return filled;
    } catch (error) {
      throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${this.name}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async next(): Promise<Uint8Array | null> {
    const target = Buffer.allocUnsafeSlow(PIECE);
    const filled = await this.fill(target);
    return filled === 0 ? null : target.subarray(0, filled);
  }

  private get way(): Way {
    return (this.opened ??= BlockingPipe.of(this.descriptor) ?? otherWay(this.descriptor));
  }

  close(): void {
    if (this.opened === null && this.descriptor > 0) closeSync(this.descriptor);
    (this.opened ??= CLOSED).close();
  }
}

/** What was closed before it was read. */
const CLOSED: Way = { fill: () => Promise.resolve(0), close: () => undefined };

function otherWay(descriptor: number): Way {
  const stat = fstatSync(descriptor);
  if (stat.isFIFO() || stat.isSocket()) return new PipeReader(descriptor);
  return { fill: (target) => fillFromFile(descriptor, target), close: () => undefined };
}

/** From wherever it was read last: a file, or a terminal. */
async function fillFromFile(descriptor: number, target: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await readDescriptor(descriptor, target, filled, target.length - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
