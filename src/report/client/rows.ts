import { isNumber, type TableData, type TableRow, type TableValue } from '../page/cells.js';
import { exact, kibText } from '../page/units.js';

/** Whether a row fits the filter and the boxes. */
export type Match = (row: TableRow) => boolean;

function marksOf(row: TableRow): number {
  return Number(row.at(-1));
}

/** A pattern as `--tag` takes it, of the first column: `*` any characters, `?` one; spaces at its end do not count. */
function patternOf(pattern: string, flags: string): RegExp {
  const source = [...pattern].map((char) =>
    char === '*' ? '.*' : char === '?' ? '(?:\\\\x[0-9A-F]{2}|[^\\\\])' : char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'),
  );
  return new RegExp(`^${source.join('')} *$`, `s${flags}`);
}

function textMatch(data: TableData, text: string): Match {
  const wanted = text.trim();
  if (wanted === '') return () => true;
  if (/[*?]/.test(wanted)) {
    const pattern = patternOf(wanted, '');
    return (row) => pattern.test(String(row[0]));
  }
  const lower = wanted.toLowerCase();
  const searched = data.columns.flatMap(({ isSearched }, index) => (isSearched === true ? [index] : []));
  return (row) =>
    searched.some((index) =>
      String(row[index] ?? '')
        .toLowerCase()
        .includes(lower),
    );
}

/** Rows that fit the text and have each of the marks. */
export function matchOf(data: TableData, text: string, marks: number): Match {
  const fits = textMatch(data, text);
  return (row) => (marksOf(row) & marks) === marks && fits(row);
}

/** Where a pattern fits nothing, and would in other case: which rows. Null when it would not. */
export function otherCaseHint(data: TableData, text: string): string | null {
  const wanted = text.trim();
  if (!/[*?]/.test(wanted)) return null;
  const pattern = patternOf(wanted, 'i');
  const names = [...new Set(data.rows.map(([name]) => String(name)).filter((name) => pattern.test(name)))];
  if (names.length === 0) return null;
  const some = names.slice(0, 5).map((name) => name.trimEnd());
  return `Nothing fits ${wanted}. In other case ${exact(names.length)} would: ${some.join(', ')}${names.length > some.length ? ', …' : ''}`;
}

/** The sum of the rows that are certain, with how many are not in it. */
export function sumText({ summed, unsummed }: TableData, rows: readonly TableRow[]): string {
  if (summed === null) return '';
  const isSure = (row: TableRow): boolean => unsummed === null || (marksOf(row) & (1 << unsummed)) === 0;
  const sure = rows.filter(isSure);
  const sum = sure.reduce((total, row) => total + BigInt(row[summed] ?? 0), 0n);
  const left = rows.length - sure.length;
  if (sure.length === 0 && left > 0) return 'no sum: all ◐';
  return `${kibText(sum)} KiB${left === 0 ? '' : ` without ${exact(left)} ◐`}`;
}

/** The rows' indices in an order that headings choose. */
export class RowOrder {
  private column: number;
  private descends = true;
  private order: number[];

  constructor(private readonly data: TableData) {
    this.column = data.sortedBy;
    this.descends = isNumber(data.columns[this.column]!.kind);
    this.order = data.rows.map((_, index) => index);
  }

  indices(): readonly number[] {
    return this.order;
  }

  /** Numbers start with the largest, text with the first letter; once more turns it round. @returns whether it descends */
  sortBy(column: number): boolean {
    const { kind } = this.data.columns[column]!;
    this.descends = column === this.column ? !this.descends : isNumber(kind) || kind === 'time';
    this.column = column;
    const isNumeric = isNumber(kind) || kind === 'time';
    const keys = this.data.rows.map((row) => keyOf(row[column]!, isNumeric));
    const turn = this.descends ? -1 : 1;
    this.order = keys.map((_, index) => index).sort((a, b) => compare(keys[a]!, keys[b]!, turn) || a - b);
    return this.descends;
  }
}

type SortKey = bigint | string | null;

function keyOf(value: TableValue, isNumeric: boolean): SortKey {
  if (value === null || value === '') return null;
  return isNumeric ? BigInt(value) : String(value).toLowerCase();
}

/** What is not known comes last, whichever way. */
function compare(a: SortKey, b: SortKey, turn: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a === b ? 0 : (a < b ? -1 : 1) * turn;
}

/** Exact values; a cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function csvOf(data: TableData, rows: readonly TableRow[]): string {
  const line = (values: readonly string[]): string => `${values.map(csvCell).join(',')}\r\n`;
  // What the page marks is no exact number anywhere else either.
  const marksText = (row: TableRow): string =>
    data.marks
      .filter(({ sign }, mark) => sign !== undefined && (marksOf(row) & (1 << mark)) !== 0)
      .map(({ label }) => label)
      .join('; ');
  const body = rows.map((row) =>
    line([
      ...data.columns.map(({ kind }, index) => {
        const value = row[index] ?? '';
        if (isNumber(kind) || value === '') return String(value);
        return kind === 'time' ? new Date(Number(value)).toISOString() : String(value).replace(/^[=+\-@\t\r]/, "'$&");
      }),
      marksText(row),
    ]),
  );
  return line([...data.columns.map(({ csv }) => csv), 'marks']) + body.join('');
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
