/*
 * Columns as typed arrays in Arrow's layout, without Arrow's library: whoever only reads or fills the arrays need not
 * load it. The `Data` of an Arrow record batch have this form, so they pass as they are.
 */

/** UTF-8 texts one behind another: text n lies from `valueOffsets[n]` to `valueOffsets[n + 1]` in `values`. */
export interface TextData {
  readonly length: number;
  readonly valueOffsets: Int32Array;
  readonly values: Uint8Array;
}

/** One column of a batch. */
export interface ColumnData {
  /** In rows. */
  readonly length: number;
  /** Of the first row within bitmaps, in bits; other arrays begin with the first row. */
  readonly offset: number;
  readonly nullCount: number;
  /** One bit a row, least significant first, set where there is a value; left out where no row is null. */
  readonly nullBitmap?: Uint8Array | null | undefined;
  /** Numbers, bits of booleans, indices into the dictionary, or the bytes of texts. */
  readonly values: ArrayLike<number> | ArrayLike<bigint>;
  /** Of texts without a dictionary. */
  readonly valueOffsets?: Int32Array | undefined;
  /** Of texts. It may grow from batch to batch; what has not changed of it are the same objects then. */
  readonly dictionary?: { readonly data: readonly TextData[] } | undefined;
}

/** Rows as columns, in the order of their record type; null for a column that is null in all of them. */
export interface ColumnBatch {
  readonly numRows: number;
  readonly columns: readonly (ColumnData | null)[];
}

/** Whether a row has a value. */
export function isValid({ nullCount, nullBitmap, offset }: ColumnData, row: number): boolean {
  return nullCount === 0 || ((nullBitmap![(offset + row) >> 3]! >> ((offset + row) & 7)) & 1) === 1;
}
