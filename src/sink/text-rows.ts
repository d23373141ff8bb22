import type { ColumnBatch } from '../record/columns/column-data.js';
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

export type CellText = (row: number) => string;

/** Writes the columns of a series of batches as text; the text of each value of a dictionary is made once and kept. */
export class TextColumns {
  private readonly readers: readonly ColumnValues[];

  constructor(
    private readonly recordType: RecordType,
    private readonly form: TextForm,
  ) {
    this.readers = recordType.columns.map((column) => new ColumnValues(column, (text) => form.string(text)));
  }

  /** For each column of the record type, a function from a row of the batch to its text. */
  open({ columns }: ColumnBatch): CellText[] {
    return this.recordType.columns.map((column, index) =>
      this.cell(column, this.readers[index]!.open(columns[index]!)),
    );
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
