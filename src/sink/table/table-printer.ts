import { printable } from '../../printable.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import type { TableOptions } from '../sink.js';
import { fitColumns, fitText, type FittedColumns } from './column-fit.js';
import { isOfTags, tableColumns, type TableColumn } from './table-columns.js';
import { TagSums } from './tag-sums.js';

/** Stands for the columns that are left out, as in DuckDB's tables. */
const GAP = '\u2026';

/** Of more columns that are left out the names would fill the terminal. */
const MAX_NAMED = 12;

/** What the table of one image is headed with where a table has several. */
function heading({ image_path, system, host, windows_version, captured_at }: Row): string {
  const facts = [
    ...(typeof system === 'number' && system > 0 ? [`system ${system}`] : []),
    ...(typeof host === 'string' ? [`host ${host}`] : []),
    ...(typeof windows_version === 'string' ? [`Windows ${windows_version}`] : []),
    ...(typeof captured_at === 'number' ? [new Date(captured_at).toISOString()] : []),
  ];
  return printable([String(image_path), ...facts].join(', '));
}

/**
 * Prints rows as an aligned table: tags as poolmon does, any other record type column by column. Each image has a
 * table of its own, whose widths are taken from its rows in the first call; wider values in later calls make their
 * line longer.
 */
export class TablePrinter {
  private readonly columns: readonly TableColumn[];
  /** Of the image whose rows are printed. */
  private sums: TagSums | null = null;
  private shown = 0;
  private image: string | null = null;
  private fitted: FittedColumns | null = null;
  private tables = 0;

  constructor(
    private readonly recordType: RecordType,
    private readonly options: TableOptions = {},
  ) {
    this.columns = tableColumns(recordType, options);
  }

  /** The lines of some rows, each with its newline; the first call begins with the header, even when it has no rows. */
  *lines(rows: Iterable<Row>): Generator<string> {
    let ofImage: Row[] = [];
    let image = this.image;
    for (const row of rows) {
      const next = this.imageOf(row);
      if (next !== image && image !== null) {
        yield* this.rowsOfImage(image, ofImage);
        ofImage = [];
      }
      image = next;
      ofImage.push(row);
    }
    yield* this.rowsOfImage(image ?? '', ofImage);
  }

  /** The lines after the last row: the totals, if they were asked for, and which columns are not shown. */
  *end(): Generator<string> {
    if (this.sums !== null) {
      yield this.rule();
      yield this.line(this.cells(this.sums.row(this.shown)));
    }
    const left = this.columns.filter((_, index) => this.fitted?.shown.includes(index) === false);
    if (left.length === 0) return;
    const shown = this.hasGap ? `${this.columns.length} columns, ${this.columns.length - left.length} shown; ` : '';
    const named = left.slice(0, MAX_NAMED).map(({ title }) => title);
    const more = left.length > MAX_NAMED ? ` and ${left.length - MAX_NAMED} more` : '';
    yield `(${shown}no room for: ${named.join(', ')}${more}; --wide shows all)\n`;
  }

  /** Whether a line says where columns are left out. Of tags, whose columns are known, it does not. */
  private get hasGap(): boolean {
    return !isOfTags(this.recordType);
  }

  private imageOf(row: Row): string {
    return isOfTags(this.recordType) ? `${String(row['image_path'])} ${String(row['system'])}` : '';
  }

  /** Begins a table where the rows are the first of their image. */
  private *rowsOfImage(image: string, rows: readonly Row[]): Generator<string> {
    const isFirst = this.fitted === null;
    const isNew = isFirst || image !== this.image;
    if (isNew) {
      if (!isFirst) yield* this.end();
      this.image = image;
      this.shown = 0;
      this.sums = this.options.totals === true && this.recordType.name === 'pool_tag' ? new TagSums() : null;
    }
    const cells: string[][] = [];
    for (const row of rows) {
      this.sums?.add(row);
      if (this.shown >= (this.options.first ?? Infinity)) continue;
      this.shown++;
      cells.push(this.cells(row));
    }
    if (isNew) yield* this.begin(rows[0], cells);
    for (const row of cells) yield this.line(row);
  }

  private *begin(first: Row | undefined, cells: readonly string[][]): Generator<string> {
    const isSecond = ++this.tables > 1;
    if (isSecond) yield '\n';
    if (first !== undefined && (isSecond || this.options.headings === true)) yield `${heading(first)}\n`;
    const titles = this.columns.map(({ title }) => title);
    const ends = this.sums === null ? [] : [this.cells(this.sums.row(this.shown))];
    const natural = titles.map((title, index) =>
      [...cells, ...ends].reduce((width, row) => Math.max(width, row[index]!.length), title.length),
    );
    this.fitted = fitColumns(
      this.columns,
      natural,
      this.options.wide === true ? undefined : this.options.terminalColumns,
      this.hasGap ? GAP.length + 1 : 0,
    );
    yield this.line(titles);
    yield this.rule();
  }

  private cells(row: Row): string[] {
    return this.columns.map((column) => column.text(row));
  }

  private rule(): string {
    return this.joined(
      this.fitted!.widths.map((width) => '-'.repeat(width)),
      '-',
    );
  }

  private line(texts: readonly string[]): string {
    const { shown, widths } = this.fitted!;
    return this.joined(
      shown.map((index, at) => fitText(texts[index]!, widths[at]!, this.columns[index]!)),
      GAP,
    );
  }

  /** @param gap put before what follows columns that are left out */
  private joined(fitted: readonly string[], gap: string): string {
    const { shown } = this.fitted!;
    const words = fitted.flatMap((text, at) =>
      this.hasGap && shown[at]! - (shown[at - 1] ?? -1) > 1 ? [gap, text] : [text],
    );
    if (this.hasGap && shown.at(-1)! < this.columns.length - 1) words.push(gap);
    return `${words.join(' ').trimEnd()}\n`;
  }
}
