import { printable } from '../../printable.js';
import { exact, kibText, NONE, signedText, tenthsText, timeText } from './units.js';

/*
 * The cells of a sorted table: written into the page for its first rows, and by its script for all others, which is why
 * both share this file.
 */

/** What a column holds; numbers of every kind are whole. */
export type CellKind = 'tag' | 'name' | 'text' | 'state' | 'kib' | 'count' | 'difference' | 'tenths' | 'time';

/** A column of a sorted table. */
export interface TableColumn {
  /** Heading. */
  readonly title: string;
  readonly kind: CellKind;
  /** Its name where rows are copied as CSV; the value there is the exact one. */
  readonly csv: string;
  /** What the heading tells who hovers. */
  readonly about?: string;
  /** Shown at 400 px as well. */
  readonly isNarrow?: boolean;
  /** Not printed. */
  readonly isScreenOnly?: boolean;
  /** The filter's text is looked for in it. */
  readonly isSearched?: boolean;
}

/** Text as it is, whole numbers (text where a double does not hold them), null for what is not known. */
export type TableValue = string | number | null;

/** A mark of a row, which a box above the table selects: `◐ incomplete`. */
export interface TableMark {
  readonly label: string;
  /** The sign before the row's name, and the class of the row: `doubt`; none for what is only selected by. */
  readonly sign?: string;
  readonly look?: string;
}

/** The data block of a sorted table. */
export interface TableData {
  readonly columns: readonly TableColumn[];
  readonly marks: readonly TableMark[];
  /** Index of the column that is sorted by at first. */
  readonly sortedBy: number;
  /** Index of the column of bytes whose sum the live line tells, without rows that have the mark `unsummed`. */
  readonly summed: number | null;
  readonly unsummed: number | null;
  /** What `*` and `?` are looked for in: the first column. */
  readonly rows: readonly TableRow[];
}

/** The values of a row, one a column, and after them its marks as bits. */
export type TableRow = readonly TableValue[];

/** How many rows the page itself has. */
export const FIRST_ROWS = 100;

const NUMBERS: ReadonlySet<CellKind> = new Set(['kib', 'count', 'difference', 'tenths']);

export function isNumber(kind: CellKind): boolean {
  return NUMBERS.has(kind);
}

/** What a cell shows, and tells who hovers. */
export function cellText(kind: CellKind, value: TableValue): { readonly text: string; readonly title?: string } {
  if (value === null) return { text: NONE };
  switch (kind) {
    case 'kib':
      return { text: kibText(BigInt(value)), title: `${exact(BigInt(value))} bytes` };
    case 'count':
      return { text: BigInt(value) === 0n ? NONE : exact(BigInt(value)) };
    case 'difference':
      return { text: BigInt(value) === 0n ? NONE : signedText(BigInt(value)) };
    case 'tenths':
      return { text: tenthsText(BigInt(value)) };
    case 'time':
      return { text: timeText(Number(value), true), title: `${timeText(Number(value))} UTC` };
    default:
      return { text: printable(String(value)) };
  }
}

/** The classes of a cell and of its heading. */
export function cellClass({ kind, isNarrow, isScreenOnly }: TableColumn): string {
  return [
    isNumber(kind) ? 'number' : kind,
    ...(isNarrow === true ? [] : ['wide-only']),
    ...(isScreenOnly === true ? ['screen-only'] : []),
  ].join(' ');
}

/** The first mark of a row that has a sign. */
export function rowMark({ marks }: TableData, row: TableRow): TableMark | undefined {
  const bits = Number(row.at(-1));
  return marks.find(({ sign }, index) => sign !== undefined && (bits & (1 << index)) !== 0);
}
