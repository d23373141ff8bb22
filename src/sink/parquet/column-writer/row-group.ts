import { type ColumnBatch, type ColumnData, isValid } from '../../../record/columns/column-data.js';

/** Some rows of a batch. */
export interface BatchRows {
  readonly batch: ColumnBatch;
  readonly start: number;
  /** Behind the last one. */
  readonly end: number;
}

/** Some rows of a column. */
export interface ColumnRows {
  /** Null where all of them are null. */
  readonly data: ColumnData | null;
  readonly start: number;
  readonly end: number;
}

/** The rows of batches, cut into row groups. */
export class RowGroups {
  private pieces: BatchRows[] = [];
  private rows = 0;

  constructor(private readonly rowsOfGroup: number) {}

  /** Groups that the batch completes. */
  *add(batch: ColumnBatch): Generator<readonly BatchRows[]> {
    for (let start = 0; start < batch.numRows;) {
      const end = Math.min(batch.numRows, start + this.rowsOfGroup - this.rows);
      this.pieces.push({ batch, start, end });
      this.rows += end - start;
      start = end;
      if (this.rows === this.rowsOfGroup) yield this.take();
    }
  }

  /** What is left at the end. */
  *rest(): Generator<readonly BatchRows[]> {
    if (this.rows > 0) yield this.take();
  }

  private take(): readonly BatchRows[] {
    const { pieces } = this;
    this.pieces = [];
    this.rows = 0;
    return pieces;
  }
}

let scratch = new Int32Array(0);

/**
 * Room for an index of each row, the same again and again: it is free when the column has been encoded, in which nothing
 * is waited for. New memory for each column would cost as much as filling it.
 */
export function scratchIndices(count: number): Int32Array {
  if (scratch.length < count) scratch = new Int32Array(count);
  return scratch.subarray(0, count);
}

/** Which rows of a column have a value. */
export interface Defined {
  readonly rows: number;
  /** Of those that have one. */
  readonly values: number;
  /** One bit a row, least significant first; null where all rows are alike. */
  readonly bits: Uint8Array | null;
}

/** Which rows have a value, over all pieces of a column. */
export function definedRows(pieces: readonly ColumnRows[]): Defined {
  const rows = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  if (pieces.every(({ data }) => data === null)) return { rows, values: 0, bits: null };
  if (pieces.every(({ data }) => data !== null && data.nullCount === 0)) return { rows, values: rows, bits: null };
  const bits = new Uint8Array(Math.ceil(rows / 8));
  let at = 0;
  for (const { data, start, end } of pieces) {
    if (data !== null) setBits(bits, at, data, start, end);
    at += end - start;
  }
  const values = countBits(bits);
  return { rows, values, bits: values === 0 || values === rows ? null : bits };
}

function setBits(bits: Uint8Array, at: number, data: ColumnData, start: number, end: number): void {
  let row = start;
  // Whole bytes at once, where both begin with one.
  if (data.nullCount > 0 && (at & 7) === 0 && ((data.offset + start) & 7) === 0) {
    const bytes = (end - start) >> 3;
    const from = (data.offset + start) >> 3;
    bits.set(data.nullBitmap!.subarray(from, from + bytes), at >> 3);
    row += bytes * 8;
  }
  for (; row < end; row++) {
    const bit = at + row - start;
    if (isValid(data, row)) bits[bit >> 3]! |= 1 << (bit & 7);
  }
}

/** How many bits are set. */
export function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}
