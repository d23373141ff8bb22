import { PAGE_SIZE } from '../../address.js';
import type { Warning } from '../../errors.js';
import type { TrackerLayout } from '../table/tracker-layout.js';

/** Reasons why counts may be wrong. Stable: they are written to records. */
export const DOUBT_CODES = [
  /** Keys on a page of table 0 that violate the hash law. */
  'page-unlawful',
  /** Keys on a page of another processor's table that differ from table 0's at their slots. */
  'page-other-keys',
  /** Free slots of a page that are not empty: the page is of something else. */
  'page-dirty',
  /** A page without keys where some are expected. */
  'page-empty',
  /** A seeded tag is not in its slot. */
  'seeds-missing',
  /** Several tags of one page with more frees than allocations, or with bytes that no allocations explain. */
  'page-torn',
  /** A tag whose counters no machine shows. */
  'tag-impossible',
  /** The same as page-torn over all pages: a table is from another time than the rest. */
  'tables-torn',
  /** A processor's table without keys. */
  'table-empty',
  /** A fact that the tables must meet failed, or could not be checked. */
  'fact-identity',
  'fact-size-mask',
  'fact-law',
  'fact-array-shape',
  'fact-processor-count',
  'fact-latest',
  'fact-expansion-place',
  'fact-expansion-size',
  'fact-expansion-keys',
  'fact-expansion-latest',
  /** The variables of the expansion table could not be read, or make no sense. */
  'expansion-unread',
  /** Several tables may be the expansion table. */
  'expansion-undecided',
  /** No slot is free, so that more tags may lie in an expansion table, which was not found. */
  'expansion-unseen',
  /** The machine's number of processors is unknown. */
  'processors-unknown',
  /** Pages of other, equally plausible tables were found. */
  'carve-rival',
  /** The evidence does not decide which of several copies of a page are live. */
  'carve-undecided',
  /** A page was not seen, and may lie in memory that was not captured. */
  'memory-unseen',
  /** Entries on pages of the tables that could not be read. */
  'pages-missing',
  /** Fewer tables than processors were found. */
  'processors-missing',
  /** Different keys for one slot in two processors' tables. */
  'image-smeared',
  /** The container says that bytes of it were changed, or that pages may be of an earlier moment, but not which. */
  'image-doubtful',
] as const;
/** One of DOUBT_CODES: stable, to be matched by programs. */
export type DoubtCode = (typeof DOUBT_CODES)[number];

/** Slots from `first` to `last`, inclusive. */
export interface SlotRange {
  /** From 0. */
  readonly first: number;
  /** At most N, the overflow slot. */
  readonly last: number;
}

/** One reason to doubt counts, and the slots that it concerns. */
export interface Doubt {
  /** Which kind of reason. */
  readonly code: DoubtCode;
  /** One line: what was expected and what was found. */
  readonly message: string;
  /** Null: every tag. */
  readonly slots: SlotRange | null;
  /** Set where only tags of the expansion table are concerned, those that are not given included. */
  readonly table?: 'expansion';
}

/** Slots with at least one byte on this page of a table of N + 1 entries. An entry may begin on the page before. */
export function slotsOnPage(page: number, layout: TrackerLayout, slots: number): SlotRange {
  const first = Math.floor((page * PAGE_SIZE) / layout.size);
  return { first, last: Math.min(slots, Math.ceil(((page + 1) * PAGE_SIZE) / layout.size) - 1) };
}

/** The page that the entry at this slot begins on. */
export function pageOfSlot(slot: number, layout: TrackerLayout): number {
  return Math.floor((slot * layout.size) / PAGE_SIZE);
}

/** All doubts of one kind. */
export interface DoubtSummary {
  readonly code: DoubtCode;
  readonly count: number;
  /** Of the first one. */
  readonly message: string;
  /** First and last slot of each range concerned, in ascending order and merged; null: every tag. */
  readonly slots: readonly (readonly [first: number, last: number])[] | null;
  /** Set where only tags of the expansion table are concerned. */
  readonly table?: 'expansion';
}

/** Doubts by kind and table, in order of their first occurrence. */
export function summarizeDoubts(doubts: readonly Doubt[]): DoubtSummary[] {
  const kinds = new Map<string, Doubt[]>();
  for (const doubt of doubts) {
    const kind = `${doubt.code} ${doubt.table ?? ''}`;
    const same = kinds.get(kind);
    if (same === undefined) kinds.set(kind, [doubt]);
    else same.push(doubt);
  }
  return [...kinds.values()].map((same) => {
    const [{ code, message, table }] = same as [Doubt, ...Doubt[]];
    const slots = mergedRanges(same.map((doubt) => doubt.slots));
    return { code, count: same.length, message, slots, ...(table === undefined ? {} : { table }) };
  });
}

function mergedRanges(ranges: readonly (SlotRange | null)[]): [number, number][] | null {
  const merged: [number, number][] = [];
  const known = ranges.filter((range) => range !== null);
  if (known.length < ranges.length) return null;
  for (const { first, last } of [...known].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before === undefined || first > before[1] + 1) merged.push([first, last]);
    else before[1] = Math.max(before[1], last);
  }
  return merged;
}

/** Doubts as warnings: each kind once, with its number of occurrences. */
export function doubtWarnings(doubts: readonly Doubt[]): Warning[] {
  return summarizeDoubts(doubts).map(({ code, count, message }) => ({
    code,
    message: count === 1 ? message : `${message}; and ${count - 1} more of this kind`,
  }));
}
