import { fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { messageOf, PoolTrackerError } from '../errors.js';
import { PipeReader } from './stream/descriptor-bytes.js';

const readDescriptor = promisify(read);

/** Bytes of a piece, for who takes them as they come. */
const PIECE = 256 << 10;

/** What a descriptor of the process leads to, a pipe or a file: into whatever buffer the reader brings, or in pieces like any other stream. */
export class DescriptorBytes {
  /** Bytes given so far. */
  bytesRead = 0;
  private head: Buffer = Buffer.alloc(0);
  private pipe: PipeReader | null = null;

  /** @param name how messages name it */
  constructor(private readonly name: string, private readonly descriptor: number) {}

  /** The next bytes, `length` of them or as many as there are, which are read again afterwards. */
  async peek(length: number): Promise<Buffer> {
    const target = Buffer.alloc(length);
    const filled = await this.fill(target);
    this.head = Buffer.concat([target.subarray(0, filled), this.head]);
    this.bytesRead -= filled;
    return target.subarray(0, filled);
  }

  /**
   * Fills `target`.
   * @returns how many bytes: fewer than its length only where the stream ends
   * @throws PoolTrackerError SOURCE_UNREADABLE
   */
  async fill(target: Uint8Array): Promise<number> {
    let filled = this.head.copy(target);
    this.head = this.head.subarray(filled);
    try {
      filled += await this.readInto(target.subarray(filled));
    } catch (error) {
      throw new PoolTrackerError('SOURCE_UNREADABLE', `cannot read ${this.name}: ${messageOf(error)}`, { cause: error });
    }
    this.bytesRead += filled;
    return filled;
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

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const target = Buffer.allocUnsafeSlow(PIECE);
      const filled = await this.fill(target);
      if (filled > 0) yield target.subarray(0, filled);
      if (filled < PIECE) return;
    }
  }
}

function isPipe(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isFIFO() || stat.isSocket();
}
