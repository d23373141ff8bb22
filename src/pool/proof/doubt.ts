import { PAGE_SIZE } from '../../address.js';
import type { Warning } from '../../errors.js';
import type { TrackerLayout } from '../table/tracker-layout.js';

/** Reasons why counts may be wrong. Stable: they are written to records. */
export const DOUBT_CODES = [
  /** Keys on a page of table 0 that violate the hash law. */
  'page-unlawful',
  /** Keys on a page of another processor's table that differ from table 0's at their slots. */
  'page-other-keys',
  /** A page without keys where some are expected. */
  'page-empty',
  /** A seeded tag is not in its slot. */
  'seeds-missing',
  /** Several tags of one page with more frees than allocations, or with bytes that no allocations explain. */
  'page-torn',
  /** The same over all pages: a table is from another time than the rest. */
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
  /** The machine's number of processors is unknown. */
  'processors-unknown',
  /** Pages of other, equally plausible tables were found. */
  'carve-rival',
  /** The evidence does not decide which of several copies of a page are live. */
  'carve-undecided',
  /** A page was not seen, and may lie in memory that was not captured. */
  'memory-unseen',
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

/** Doubts as warnings: each kind once, with its number of occurrences. */
export function doubtWarnings(doubts: readonly Doubt[]): Warning[] {
  const byCode = new Map<string, Doubt[]>();
  for (const doubt of doubts) byCode.set(doubt.code, [...(byCode.get(doubt.code) ?? []), doubt]);
  return [...byCode].map(([code, [first, ...more]]) => ({
    code,
    message: more.length === 0 ? first!.message : `${first!.message}; and ${more.length} more of this kind`,
  }));
}
