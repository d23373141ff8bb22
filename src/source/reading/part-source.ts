import type { Warning } from '../../errors.js';
import { type Prefetch, rangesWithin, type Source } from '../source.js';

/** A part of a source, as a file stored whole within an archive is. */
export class PartSource implements Source {
  readonly prefetch: Prefetch | undefined;

  /**
   * @param start offset of its first byte in the source that it is a part of
   * @param archive as `Source.archive`
   */
  constructor(
    private readonly base: Source,
    private readonly start: number,
    readonly byteLength: number,
    readonly archive?: string,
  ) {
    if (base.prefetch !== undefined)
      this.prefetch = (ranges) =>
        base.prefetch!(
          rangesWithin(ranges, 0, byteLength).map((range) => ({ ...range, offset: start + range.offset })),
        );
  }

  get name(): string {
    return this.base.name;
  }

  get warnings(): readonly Warning[] {
    return this.base.warnings ?? [];
  }

  get bytesRead(): number {
    return this.base.bytesRead;
  }

  /** Beside the file that it is a part of. */
  sibling(fileName: string): Promise<Source | null> {
    return this.base.sibling?.(fileName) ?? Promise.resolve(null);
  }

  read(target: Uint8Array, offset: number): Promise<number> {
    const length = Math.max(0, Math.min(target.length, this.byteLength - offset));
    return length === 0 ? Promise.resolve(0) : this.base.read(target.subarray(0, length), this.start + offset);
  }

  close(): Promise<void> {
    return this.base.close();
  }
}
