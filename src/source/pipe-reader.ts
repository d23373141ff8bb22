import { Socket } from 'node:net';

/** What a pipe holds at most, as systems make them. */
const PIPE_SIZE = 64 << 10;

/**
 * Reads a pipe into buffers that the reader brings. Of the ways that Node has, the one with the fewest steps from the
 * pipe to the buffer: a socket that always reads into the same small buffer, and one copy from there.
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
    const options = { fd: descriptor, readable: true, writable: false, onread: { buffer: this.small, callback: (count: number) => this.arrived(count) } };
    this.socket = new Socket(options);
    this.socket.on('error', (error) => this.finish(error)).on('end', () => this.finish(null)).on('close', () => this.finish(null));
  }

  /** Fills `target`. @returns how many bytes: fewer than its length only where the pipe ends */
  async fill(target: Uint8Array): Promise<number> {
    this.target = target;
    this.filled = 0;
    this.hand(this.left);
    while (this.filled < target.length && !this.ended) {
      const woken = new Promise<void>((resolve) => { this.wake = resolve; });
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

  /** @returns whether to read on */
  private arrived(count: number): boolean {
    this.hand(this.small.subarray(0, count));
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
