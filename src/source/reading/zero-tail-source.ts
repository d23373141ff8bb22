import { type Prefetch, rangesWithin, type Source } from '../source.js';

/** A source followed by zeros, for containers that omit zeroed memory. */
export class ZeroTailSource implements Source {
  /** Where the zeros begin. */
  readonly zerosAt: number;
  readonly byteLength: number;
  readonly prefetch: Prefetch | undefined;

  /** @param zeros number of zero bytes, from `zerosAt` on */
  constructor(
    private readonly base: Source,
    zeros: number,
  ) {
    this.zerosAt = base.byteLength;
    this.byteLength = base.byteLength + zeros;
    if (base.prefetch !== undefined)
      this.prefetch = (ranges) => base.prefetch!(rangesWithin(ranges, 0, base.byteLength));
  }

  get name(): string {
    return this.base.name;
  }

  get bytesRead(): number {
    return this.base.bytesRead;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    const total = Math.max(0, Math.min(target.length, this.byteLength - offset));
    const stored = Math.max(0, Math.min(total, this.zerosAt - offset));
    const filled = stored === 0 ? 0 : await this.base.read(target.subarray(0, stored), offset);
    if (filled < stored) return filled;
    target.fill(0, stored, total);
    return total;
  }

  close(): Promise<void> {
    return this.base.close();
  }
}
