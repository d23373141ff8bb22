import type { Warning } from '../../errors.js';
import { type Prefetch, rangesWithin, type Source } from '../source.js';

/** Files one behind another as one: an image that was split. */
export class JoinedSource implements Source {
  readonly byteLength: number;
  readonly parts: number[] = [];
  readonly prefetch: Prefetch | undefined;

  constructor(
    private readonly files: readonly [Source, ...Source[]],
    readonly warnings: readonly Warning[] = [],
  ) {
    let length = 0;
    for (const part of files) {
      this.parts.push(length);
      length += part.byteLength;
    }
    this.byteLength = length;
    if (files.some(({ prefetch }) => prefetch !== undefined))
      this.prefetch = async (ranges) => {
        await Promise.all(
          files.map((file, index) => {
            const start = this.parts[index]!;
            const own = rangesWithin(ranges, start, start + file.byteLength);
            return own.length === 0 ? undefined : file.prefetch?.(own);
          }),
        );
      };
  }

  get name(): string {
    return this.files[0].name;
  }

  get bytesRead(): number {
    return this.files.reduce((sum, part) => sum + part.bytesRead, 0);
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    const end = Math.min(offset + target.length, this.byteLength);
    const reads: Promise<boolean>[] = [];
    for (let index = this.indexAt(offset), at = offset; at < end; index++) {
      const part = this.files[index]!;
      const within = at - this.parts[index]!;
      const count = Math.min(end - at, part.byteLength - within);
      if (count > 0)
        reads.push(
          part.read(target.subarray(at - offset, at - offset + count), within).then((filled) => filled === count),
        );
      at += Math.max(0, count);
    }
    const whole = (await Promise.all(reads)).every(Boolean);
    // A part that became shorter while it was read: what follows would lie elsewhere.
    return whole ? Math.max(0, end - offset) : 0;
  }

  sibling(fileName: string): Promise<Source | null> {
    return this.files[0].sibling?.(fileName) ?? Promise.resolve(null);
  }

  async close(): Promise<void> {
    await Promise.all(this.files.map((part) => part.close()));
  }

  private indexAt(offset: number): number {
    let index = this.parts.findIndex((start) => start > offset);
    if (index < 0) index = this.parts.length;
    return index - 1;
  }
}
