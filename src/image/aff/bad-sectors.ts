import { hex } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import { SourceView } from '../../source/reading/source-view.js';
import type { Source } from '../../source/source.js';

/**
 * A view in which sectors that could not be acquired cannot be read either: the imager wrote a mark in their place, which
 * it made at random for this image.
 */
export class BadSectors extends SourceView {
  /** @param mark as long as a sector */
  constructor(
    base: Source,
    private readonly mark: Buffer,
  ) {
    super(base);
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    const size = this.mark.length;
    const before = offset % size;
    if (before === 0 && target.length % size === 0) return this.readSectors(target, offset);
    // A mark is told by all of a sector.
    const sectors = Buffer.alloc(Math.ceil((before + target.length) / size) * size);
    const filled = (await this.readSectors(sectors, offset - before)) - before;
    return Math.max(0, sectors.copy(target, 0, before, before + Math.min(filled, target.length)));
  }

  private async readSectors(target: Uint8Array, offset: number): Promise<number> {
    const filled = await this.base.read(target, offset);
    const size = this.mark.length;
    for (let at = 0; at + size <= filled; at += size) {
      if (target[at] !== this.mark[0] || this.mark.compare(target, at, at + size) !== 0) continue;
      throw new PoolTrackerError(
        'FORMAT_DAMAGED',
        `${this.name}: the sector at ${hex(offset + at)} of its contents is marked as one that could not be acquired`,
        { data: { local: true } },
      );
    }
    return filled;
  }
}
