import type { Column, RecordType, Row, Value } from '../record/record-type.js';

interface TableColumn {
  readonly title: string;
  /** In characters; values that are wider make it wider. */
  readonly leastWidth: number;
  readonly alignRight: boolean;
  text(row: Row): string;
}

/** The columns and widths of Rekall's pool_tracker. */
const POOL_TRACKER: readonly TableColumn[] = [
  { title: 'Tag', leastWidth: 4, alignRight: false, text: (row) => String(row['tag']) },
  { title: 'NP Alloc', leastWidth: 20, alignRight: true, text: (row) => `${row['nonpaged_allocs']} (${row['nonpaged_outstanding']})` },
  { title: 'NP Bytes', leastWidth: 10, alignRight: true, text: (row) => String(row['nonpaged_bytes']) },
  { title: 'P Alloc', leastWidth: 20, alignRight: true, text: (row) => `${row['paged_allocs']} (${row['paged_outstanding']})` },
  { title: 'P Bytes', leastWidth: 10, alignRight: true, text: (row) => String(row['paged_bytes']) },
];

function plainColumn(column: Column): TableColumn {
  return {
    title: column.name,
    leastWidth: 1,
    alignRight: column.type !== 'string' && column.type !== 'bool' && column.type !== 'timestamp',
    text: (row) => plainText(column, row[column.name] ?? null),
  };
}

function plainText(column: Column, value: Value): string {
  if (value === null) return '-';
  if (column.type === 'timestamp') return new Date(value as number).toISOString();
  // A newline or an escape sequence of the input must not reach the terminal as such.
  return String(value).replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * Prints rows as an aligned table: pool_tag as Rekall's pool_tracker did, any other record type column by column.
 * The widths follow from the rows of the first call; wider values in later ones push their line out.
 */
export class TablePrinter {
  private readonly columns: readonly TableColumn[];
  private widths: readonly number[] | null = null;

  constructor(recordType: RecordType) {
    this.columns = recordType.name === 'pool_tag' ? POOL_TRACKER : recordType.columns.map(plainColumn);
  }

  /** The lines of some rows, each with its newline; the first call begins with the header, even when it has no rows. */
  *lines(rows: Iterable<Row>): Generator<string> {
    const cells = Array.from(rows, (row) => this.columns.map((column) => column.text(row)));
    if (this.widths === null) {
      this.widths = this.columns.map((column, index) =>
        cells.reduce((width, row) => Math.max(width, row[index]!.length), Math.max(column.leastWidth, column.title.length)));
      yield this.line(this.columns.map((column) => column.title));
      yield this.line(this.widths.map((width) => '-'.repeat(width)));
    }
    for (const row of cells) yield this.line(row);
  }

  private line(texts: readonly string[]): string {
    const padded = texts.map((text, index) =>
      this.columns[index]!.alignRight ? text.padStart(this.widths![index]!) : text.padEnd(this.widths![index]!));
    return `${padded.join(' ').trimEnd()}\n`;
  }
}
