import type { TrackerLayout } from '../table/tracker-layout.js';
import type { PageCounts } from './choose/balance.js';

/**
 * How badly the sum of some processors' pages is out of balance. Memory that is allocated on one processor is freed on
 * another, so only the sum over all live tables makes sense: as many bytes as allocations that are not freed, none of
 * either below zero. One page too few or too many, and most tags make none.
 */
export class Balance {
  private readonly outstanding: Float64Array;
  private readonly bytes: Float64Array;
  private readonly wrapsCounts: boolean;
  private readonly wrapsBytes: boolean;

  constructor(layout: TrackerLayout, length: number) {
    this.outstanding = new Float64Array(length);
    this.bytes = new Float64Array(length);
    this.wrapsCounts = layout.countBits === 32;
    this.wrapsBytes = layout.byteBits === 32;
  }

  /** @param sign 1 to put a page into the sum, -1 to take it out */
  add(page: PageCounts, sign: 1 | -1): void {
    for (let index = 0; index < this.bytes.length; index++) {
      this.outstanding[index]! += sign * page.outstanding[index]!;
      this.bytes[index]! += sign * page.bytes[index]!;
    }
  }

  /** What the sum costs as it is, or with one page put in or taken out; about 1 for each tag and pool that makes no sense. */
  cost(page?: PageCounts, sign: 1 | -1 = 1): number {
    let cost = 0;
    for (let index = 0; index < this.bytes.length; index++) {
      let outstanding = this.outstanding[index]!;
      let bytes = this.bytes[index]!;
      if (page !== undefined) {
        outstanding += sign * page.outstanding[index]!;
        bytes += sign * page.bytes[index]!;
      }
      if (this.wrapsCounts) outstanding = Number.isNaN(outstanding) ? NaN : outstanding | 0;
      if (this.wrapsBytes) bytes |= 0;
      if (outstanding === 0 && bytes === 0) continue;
      if (outstanding > 0 && bytes >= outstanding) continue;
      if (Number.isNaN(outstanding)) continue;
      // The farther off, the dearer: with two pages too many, taking out either is a step the right way.
      cost += 1 + Math.log2(1 + Math.max(0, -outstanding) + Math.max(0, -bytes)) / 64;
    }
    return cost;
  }
}

/** Tag and pool pairs that any of the pages counts something in, and that are judged. */
export function judgedPairs(pages: readonly PageCounts[]): number {
  let pairs = 0;
  const length = pages[0]?.bytes.length ?? 0;
  for (let index = 0; index < length; index++) {
    if (pages.some(({ outstanding }) => Number.isNaN(outstanding[index]))) continue;
    if (pages.some(({ growing, bytes }) => growing[index * 2] !== 0 || growing[index * 2 + 1] !== 0 || bytes[index] !== 0)) pairs++;
  }
  return pairs;
}
