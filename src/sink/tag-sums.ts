import type { Row } from '../record/schema/record-type.js';

const SUMMED = [
  'nonpaged_allocs', 'nonpaged_outstanding', 'nonpaged_bytes', 'paged_allocs', 'paged_outstanding', 'paged_bytes',
] as const;

/** Exact sums over pool_tag rows, as the last line of WinDbg's !poolused has them. */
export class TagSums {
  private readonly sums = new Map<string, bigint>(SUMMED.map((name) => [name, 0n]));

  add(row: Row): void {
    for (const name of SUMMED) this.sums.set(name, this.sums.get(name)! + (row[name] as bigint));
  }

  /** The sums as a row whose tag is TOTAL. */
  row(): Row {
    return { tag: 'TOTAL', ...Object.fromEntries(this.sums) };
  }
}
