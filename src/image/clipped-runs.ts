import type { Warning } from '../errors.js';
import type { Container } from '../source/reading/container.js';
import { checkRun, type RunList, RunListBuilder } from './run-list.js';

/** Runs of a container, and what had to be said about them. */
export interface FinishedRuns {
  readonly runs: RunList;
  readonly warnings: readonly Warning[];
}

/** Collects the runs that a container lists, clipped to the bytes it holds: a truncated copy still gives what it has. */
export class ClippedRuns {
  private readonly builder: RunListBuilder;
  private listed = 0;
  private kept = 0;

  /** @param end where the bytes end that runs may lie in; the source's end unless told */
  constructor(
    private readonly container: Container,
    private readonly end: number = container.source.byteLength,
  ) {
    this.builder = new RunListBuilder(container.label);
  }

  /** The three in bytes. @throws PoolTrackerError FORMAT_DAMAGED as RunListBuilder.add does */
  add(start: number, length: number, offset: number): void {
    checkRun(this.container.label, start, length, offset);
    const present = Math.max(0, Math.min(length, this.end - offset));
    this.builder.add(start, present, offset);
    this.listed += length;
    this.kept += present;
  }

  /** The same for memory that is there however long the source is, such as zeros that were left out. */
  addWhole(start: number, length: number, offset: number): void {
    this.builder.add(start, length, offset);
    this.listed += length;
    this.kept += length;
  }

  /**
   * The runs, and a warning when some of the memory lies behind the end.
   * @throws PoolTrackerError FORMAT_DAMAGED when nothing is left, or when runs overlap
   */
  finish(): FinishedRuns {
    if (this.kept === 0) {
      throw this.container.damaged(
        this.listed === 0
          ? 'it lists no memory'
          : `it lists ${this.listed} bytes of memory, but ends before the first of them`,
      );
    }
    const missing = this.listed - this.kept;
    const warnings =
      missing === 0
        ? []
        : [
            {
              code: 'image-cut',
              message: `the image is cut short: ${missing} of ${this.listed} bytes of memory are behind its end`,
            },
          ];
    return { runs: this.builder.build(), warnings };
  }
}

/**
 * Tells each stretch of set bits, lowest bit of a byte first, among the first `limit` bits.
 * A stretch is one bit or a whole byte: whoever collects runs joins them anyway.
 */
export function forEachSetBits(bitmap: Uint8Array, limit: number, tell: (bit: number, count: number) => void): void {
  for (let index = 0; index < bitmap.length; index++) {
    const byte = bitmap[index]!;
    if (byte === 0) continue;
    const first = index * 8;
    const count = Math.min(8, limit - first);
    if (byte === 0xff) {
      tell(first, count);
      continue;
    }
    for (let bit = 0; bit < count; bit++) {
      if ((byte >> bit) & 1) tell(first + bit, 1);
    }
  }
}
