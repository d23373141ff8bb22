import { fstatSync, read } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { messageOf, PoolTrackerError } from '../../errors.js';
import type { ByteOrigin } from '../reading/byte-origin.js';

/** What a pipe holds at most, as systems make them. */
const PIPE_SIZE = 64 << 10;

/**
 * Reads a pipe into buffers that the reader brings. Of the ways that Node has, the one with the fewest steps from the
 * pipe to the buffer: a socket that is told where to read to. It keeps the last buffer that it was told of over a
 * pause, so the end of each target is read into a small buffer of its own and copied.
 */
export class PipeReader {
  private readonly socket: Socket;
  private readonly small = new Uint8Array(PIPE_SIZE);
  /** Bytes of `small` that are not handed on yet. */
  private left: Uint8Array = new Uint8Array();
  private target: Uint8Array = new Uint8Array();
  private filled = 0;
  private wake: (() => void) | null = null;
  private error: Error | null = null;
  private ended = false;

  constructor(descriptor: number) {
    // Types of Node 20 know `onread` only where a connection is made.
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

  /** Fills `target`. @returns how many bytes: fewer than its length only where the pipe ends */
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

  /** Where the next bytes are to go. */
  private room(): Uint8Array {
    return this.target.length - this.filled > PIPE_SIZE
      ? this.target.subarray(this.filled, this.filled + PIPE_SIZE)
      : this.small;
  }

  /** @returns whether to read on */
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

/** Bytes of a piece, for who takes them as they come. */
const PIECE = 256 << 10;

/** What a descriptor of the process leads to, a pipe or a file: into whatever buffer the reader brings, or in pieces. */
export class DescriptorBytes implements ByteOrigin {
  /** Bytes given so far. */
  bytesRead = 0;
  private pipe: PipeReader | null = null;

  /** @param name how messages name it */
  constructor(
    private readonly name: string,
    private readonly descriptor: number,
  ) {}

  /**
   * Fills `target`.
   * @returns how many bytes: fewer than its length only where the stream ends
   * @throws PoolTrackerError SOURCE_UNREADABLE
   */
  async fill(target: Uint8Array): Promise<number> {
    try {
      const filled = await this.readInto(target);
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

  private async readInto(target: Uint8Array): Promise<number> {
    if (target.length === 0) return 0;
    if (this.pipe === null && isPipe(this.descriptor)) this.pipe = new PipeReader(this.descriptor);
    if (this.pipe !== null) return this.pipe.fill(target);
    let filled = 0;
    while (filled < target.length) {
      const { bytesRead } = await readDescriptor(this.descriptor, target, filled, target.length - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  close(): void {
    this.pipe?.close();
  }
}

function isPipe(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}
