import type { TableColumn } from './table-columns.js';

/** Texts are cut to this width before any column is left out. */
const COMFORTABLE = 24;
/** Texts are never cut below this width. */
const NARROWEST = 8;

/** Columns and how wide each is printed. */
export interface FittedColumns {
  /** Indices of the columns that are shown. */
  readonly shown: readonly number[];
  /** In characters, one for each shown column. */
  readonly widths: readonly number[];
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + 1, -1);
}

/** Cuts the widest texts first, until the line fits or none is wider than `least`. */
function cutTexts(columns: readonly TableColumn[], widths: number[], limit: number, least: number): void {
  for (;;) {
    const excess = lineWidth(widths) - limit;
    if (excess <= 0) return;
    const widest = widths.reduce((best, width, index) => {
      const isWider = columns[index]!.canBeCut === true && width > least && width > (widths[best] ?? 0);
      return isWider ? index : best;
    }, -1);
    if (widest < 0) return;
    widths[widest] = Math.max(least, widths[widest]! - excess);
  }
}

/**
 * Which columns a line has room for, and how wide: texts are cut to a comfortable width, then columns are left out by
 * their rank, then texts are cut as far as they can. Numbers are never cut: where they alone do not fit, the line is
 * longer.
 *
 * @param natural the width that each column would take, in characters
 * @param limit width of a line; unbounded when undefined
 * @param gap what a line takes more where columns are left out
 */
export function fitColumns(
  columns: readonly TableColumn[],
  natural: readonly number[],
  limit: number | undefined,
  gap = 0,
): FittedColumns {
  let shown = columns.map((_, index) => index);
  if (limit === undefined) return { shown, widths: natural };
  const byRank = shown
    .filter((index) => columns[index]!.rank !== undefined)
    .sort((a, b) => columns[a]!.rank! - columns[b]!.rank!);
  for (;;) {
    const of = shown.map((index) => columns[index]!);
    const widths = shown.map((index) => natural[index]!);
    const room = shown.length < columns.length ? limit - gap : limit;
    cutTexts(of, widths, room, COMFORTABLE);
    const next = byRank.shift();
    if (lineWidth(widths) > room && next !== undefined) {
      shown = shown.filter((index) => index !== next);
      continue;
    }
    cutTexts(of, widths, room, NARROWEST);
    return { shown, widths };
  }
}

/** A text of exactly this width, but for one that may not be cut and is longer. */
export function fitText(text: string, width: number, { alignRight, canBeCut }: TableColumn): string {
  if (alignRight) return text.padStart(width);
  if (canBeCut !== true || text.length <= width) return text.padEnd(width);
  // By code points: half of a surrogate pair is no character.
  return `${[...text].slice(0, width - 1).join('')}\u2026`.padEnd(width);
}
