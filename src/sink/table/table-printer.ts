import { printable } from '../../printable.js';
import { tagMark } from '../../record/tag-mark.js';
import type { Column, RecordType, Row, Value } from '../../record/schema/record-type.js';

const SUMMED = [
  'nonpaged_allocs',
  'nonpaged_outstanding',
  'nonpaged_bytes',
  'paged_allocs',
  'paged_outstanding',
  'paged_bytes',
] as const;

/** Exact sums over pool_tag rows, like the last line of WinDbg's !poolused. */
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

/** Options of a table, see EncodeOptions. */
export interface TableOptions {
  readonly terminalColumns?: number;
  readonly totals?: boolean;
}

interface TableColumn {
  readonly title: string;
  /** In characters; wider values make the column wider. */
  readonly leastWidth: number;
  readonly alignRight: boolean;
  /** For the last column: whether it is cut at the edge of the terminal. */
  readonly cut?: boolean;
  text(row: Row): string;
}

/** The columns and widths of Rekall's pool_tracker. */
const POOL_TRACKER: readonly TableColumn[] = [
  { title: 'Tag', leastWidth: 4, alignRight: false, text: (row) => String(row['tag']) },
  {
    title: 'NP Alloc',
    leastWidth: 20,
    alignRight: true,
    text: (row) => `${row['nonpaged_allocs']} (${row['nonpaged_outstanding']})`,
  },
  { title: 'NP Bytes', leastWidth: 10, alignRight: true, text: (row) => String(row['nonpaged_bytes']) },
  {
    title: 'P Alloc',
    leastWidth: 20,
    alignRight: true,
    text: (row) => `${row['paged_allocs']} (${row['paged_outstanding']})`,
  },
  { title: 'P Bytes', leastWidth: 10, alignRight: true, text: (row) => String(row['paged_bytes']) },
  { title: 'Mark', leastWidth: 4, alignRight: false, text: markOf },
];

const SESSION: TableColumn = {
  title: 'Session',
  leastWidth: 7,
  alignRight: true,
  text: (row) => String(row['session']),
};

/** Terminals of at least this width show what is known about each tag after its counts. */
const WIDE_TERMINAL = 120;
/** Names are left out where fewer characters than this are left in the line. */
const NARROWEST_NAME = 16;

function markOf({ complete, consistency }: Row): string {
  return tagMark(complete ?? null, consistency ?? null);
}

const KNOWN_AS: TableColumn = { title: 'Known As', leastWidth: 1, alignRight: false, cut: true, text: knownAs };

/** `tcpip.sys: TCP endpoints`, or the candidates for a tag on no list. */
function knownAs({ driver, description, candidates }: Row): string {
  const parts = [driver, description].filter((part) => typeof part === 'string');
  if (parts.length > 0) return printable(parts.join(': '));
  return typeof candidates === 'string'
    ? printable(`candidates: ${(JSON.parse(candidates) as string[]).join(', ')}`)
    : '';
}

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
  return printable(String(value));
}

/**
 * Prints rows as an aligned table: pool_tag as Rekall's pool_tracker did (pool_tag_session too, after the
 * session), any other record type column by column. The
 * widths are taken from the rows of the first call; wider values in later calls make their line longer.
 */
export class TablePrinter {
  private readonly columns: readonly TableColumn[];
  private readonly sums: TagSums | null;
  private widths: readonly number[] | null = null;

  constructor(
    recordType: RecordType,
    private readonly options: TableOptions = {},
  ) {
    const ofTags = recordType.name === 'pool_tag';
    const isWide = (options.terminalColumns ?? 0) >= WIDE_TERMINAL;
    const tagColumns = [...POOL_TRACKER, ...(isWide ? [KNOWN_AS] : [])];
    if (ofTags) this.columns = tagColumns;
    else if (recordType.name === 'pool_tag_session') this.columns = [SESSION, ...tagColumns];
    else this.columns = recordType.columns.map(plainColumn);
    this.sums = ofTags && options.totals === true ? new TagSums() : null;
  }

  /** The lines of some rows, each with its newline; the first call begins with the header, even when it has no rows. */
  *lines(rows: Iterable<Row>): Generator<string> {
    const cells = Array.from(rows, (row) => {
      this.sums?.add(row);
      return this.cells(row);
    });
    if (this.widths === null) {
      this.widths = this.fit(this.sums === null ? cells : [...cells, this.cells(this.sums.row())]);
      yield this.line(this.columns.map((column) => column.title));
      yield this.rule();
    }
    for (const row of cells) yield this.line(row);
  }

  /** The lines after the last row: the totals, if they were asked for. */
  *end(): Generator<string> {
    if (this.sums === null) return;
    yield this.rule();
    yield this.line(this.cells(this.sums.row()));
  }

  private cells(row: Row): string[] {
    return this.columns.map((column) => column.text(row));
  }

  private fit(cells: readonly (readonly string[])[]): number[] {
    const widths = this.columns.map((column, index) =>
      cells.reduce(
        (width, row) => Math.max(width, row[index]!.length),
        Math.max(column.leastWidth, column.title.length),
      ),
    );
    if (this.columns.at(-1)?.cut !== true) return widths;
    const widest = widths.pop()!;
    const left = (this.options.terminalColumns ?? 0) - widths.reduce((sum, width) => sum + width + 1, 0);
    return left < NARROWEST_NAME ? widths : [...widths, Math.min(left, widest)];
  }

  private rule(): string {
    return this.line(this.widths!.map((width) => '-'.repeat(width)));
  }

  private line(texts: readonly string[]): string {
    const padded = this.widths!.map((width, index) => {
      const { alignRight, cut } = this.columns[index]!;
      const text = texts[index]!;
      if (alignRight) return text.padStart(width);
      return cut === true && text.length > width ? `${text.slice(0, width - 1)}\u2026` : text.padEnd(width);
    });
    return `${padded.join(' ').trimEnd()}\n`;
  }
}
