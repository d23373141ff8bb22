import type { Row } from '../../record/schema/record-type.js';

const SUMMED = ['allocs', 'frees', 'outstanding', 'bytes'].flatMap((measure) => [
  `nonpaged_${measure}`,
  `paged_${measure}`,
]);

/** Exact sums over the rows of tags, like the last line of WinDbg's !poolused. */
export class TagSums {
  private readonly sums = new Map<string, bigint>(SUMMED.map((name) => [name, 0n]));
  private tags = 0;
  private isComplete = true;

  add(row: Row): void {
    this.tags++;
    if (row['complete'] === false) this.isComplete = false;
    for (const name of SUMMED) this.sums.set(name, this.sums.get(name)! + (row[name] as bigint));
  }

  /**
   * The sums as a row whose tag is TOTAL; it is incomplete where one of its rows is.
   * @param shown how many of the rows the table shows
   */
  row(shown: number): Row {
    const all = this.tags === 1 ? 'of 1 tag' : `of ${this.tags} tags`;
    return {
      tag: 'TOTAL',
      complete: this.isComplete,
      description: shown < this.tags ? `${all}, ${shown} of them shown` : all,
      ...Object.fromEntries(this.sums),
    };
  }
}
