import { type ColumnBatch, type ColumnData, isValid } from '../record/columns/column-data.js';
import { ColumnValues, type ReadValue } from '../record/columns/column-values.js';
import type { Column, RecordType } from '../record/schema/record-type.js';

/** How a text format writes the values of a column. */
export interface TextForm {
  readonly none: string;
  string(text: string): string;
  int64(value: bigint): string;
  /** @param iso as in 2021-03-04T05:06:07.089Z */
  timestamp(iso: string): string;
}

type CellText = (row: number) => string;

/** What stands around the values of a row. */
export interface RowFrame {
  /** Before the value of each column. */
  readonly before: readonly string[];
  readonly end: string;
}

/**
 * Writes the rows of a series of batches as text; the text of each value of a dictionary is made once and kept. What is
 * the same in all rows of a batch, as half of the columns are of one image, is put together with what stands around it
 * once a batch.
 */
export class TextRows {
  private readonly readers: readonly ColumnValues[];

  constructor(
    private readonly recordType: RecordType,
    private readonly form: TextForm,
    private readonly frame: RowFrame,
  ) {
    this.readers = recordType.columns.map((column) => new ColumnValues(column, (text) => form.string(text)));
  }

  /** The rows of a batch, one text each. */
  *lines({ columns, numRows }: ColumnBatch): Generator<string> {
    const { before } = this.frame;
    const texts: string[] = [];
    const cells: CellText[] = [];
    let text = '';
    for (const [index, column] of this.recordType.columns.entries()) {
      const data = columns[index]!;
      const cell = this.cell(column, this.readers[index]!.open(data));
      text += before[index]!;
      if (numRows > 0 && isConstant(data, numRows)) text += cell(0);
      else {
        texts.push(text);
        cells.push(cell);
        text = '';
      }
    }
    const end = text + this.frame.end;
    for (let row = 0; row < numRows; row++) {
      let line = '';
      for (let index = 0; index < cells.length; index++) line += texts[index]! + cells[index]!(row);
      yield line + end;
    }
  }

  private cell(column: Column, read: ReadValue): CellText {
    const { form } = this;
    const { none } = form;
    switch (column.type) {
      case 'string':
        return (row) => (read(row) as string | null) ?? none;
      case 'int64':
        return (row) => {
          const value = read(row) as bigint | null;
          return value === null ? none : form.int64(value);
        };
      case 'timestamp': {
        // All rows of an image carry the same time.
        let last = NaN;
        let text = none;
        return (row) => {
          const value = read(row) as number | null;
          if (value === null) return none;
          if (value !== last) {
            last = value;
            text = form.timestamp(new Date(value).toISOString());
          }
          return text;
        };
      }
      case 'bool':
      case 'int32':
      case 'uint32':
      case 'float64':
        return (row) => {
          const value = read(row);
          return value === null ? none : String(value);
        };
    }
  }
}

/** Whether a column is known to be the same in all rows. */
function isConstant(data: ColumnData | null, rows: number): boolean {
  if (data === null) return true;
  const { values, nullCount, valueOffsets } = data;
  if (nullCount === rows) return isNowhereValid(data, rows);
  // Bits of booleans and the bytes of texts are not one value a row.
  if (nullCount > 0 || valueOffsets !== undefined || values instanceof Uint8Array) return false;
  const first = values[0];
  for (let row = 1; row < rows; row++) if (values[row] !== first) return false;
  return true;
}

/** A file that was tampered with may count other nulls than it marks; what is marked counts, row by row. */
function isNowhereValid(data: ColumnData, rows: number): boolean {
  for (let row = 0; row < rows; row++) if (isValid(data, row)) return false;
  return true;
}
