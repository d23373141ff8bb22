import type { PageTableWriter } from '../paging/page-table-writer.js';
import { PAGE } from '../sparse-memory.js';

/** Virtual addresses handed out one behind the other, mapped as they are needed. */
export class PoolSpace {
  private next: bigint;
  private mappedTo: bigint;

  /** @param start page-aligned, with nothing mapped behind it */
  constructor(
    readonly space: PageTableWriter,
    start: bigint,
  ) {
    this.next = start;
    this.mappedTo = start;
  }

  /** Room for a structure, zeroed; aligned to 16 bytes as pool allocations are, or to whole pages. */
  allocate(length: number, align: 16 | typeof PAGE = 16): bigint {
    const step = BigInt(align);
    const address = ((this.next + step - 1n) / step) * step;
    this.next = address + BigInt(length);
    while (this.mappedTo < this.next) {
      this.space.mapFresh(this.mappedTo, PAGE);
      this.mappedTo += BigInt(PAGE);
    }
    return address;
  }
}
