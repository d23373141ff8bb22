import type { Warning } from '../errors.js';
import type { Container } from '../source/reading/container.js';
import { checkRun, type RunList, RunListBuilder } from './run-list.js';

/** Runs of a container, and warnings about them. */
export interface FinishedRuns {
  readonly runs: RunList;
  readonly warnings: readonly Warning[];
}

/** Collects a container's runs, clipped to the bytes that it holds, so that a truncated copy remains usable. */
export class ClippedRuns {
  private readonly builder: RunListBuilder;
  private listed = 0;
  private kept = 0;
  private readonly warnings: Warning[] = [];

  /** @param end end of the bytes that runs may lie in; default: the end of the source */
  constructor(
    private readonly container: Container,
    private readonly end: number = container.source.byteLength,
  ) {
    this.builder = new RunListBuilder(container.label);
  }

  /** All three in bytes. @throws PoolTrackerError FORMAT_DAMAGED as RunListBuilder.add does */
  add(start: number, length: number, offset: number): void {
    checkRun(this.container.label, start, length, offset);
    const present = Math.max(0, Math.min(length, this.end - offset));
    this.builder.add(start, present, offset);
    this.listed += length;
    this.kept += present;
  }

  /** The same without clipping, for memory that does not depend on the source's length, such as omitted zeros. */
  addWhole(start: number, length: number, offset: number): void {
    this.builder.add(start, length, offset);
    this.listed += length;
    this.kept += length;
  }

  /** Notes what is odd about the container and moves no memory. */
  warn(code: string, message: string): void {
    this.warnings.push({ code, message });
  }

  /**
   * The runs, and a warning when some of the memory lies beyond the end.
   * @throws PoolTrackerError FORMAT_DAMAGED when no run remains, or when runs overlap
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
    if (missing > 0)
      this.warn('image-cut', `the image is cut short: ${missing} of ${this.listed} bytes of memory are behind its end`);
    return { runs: this.builder.build(), warnings: this.warnings };
  }
}

/**
 * Reports each range of set bits among the first `limit` bits, lowest bit of a byte first.
 * A range is one bit or a whole byte: collectors of runs join adjacent ranges anyway.
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
