import { hex } from '../../address.js';
import type { Missing } from '../../errors.js';

/**
 * What one object says of an offset as that of a field: its bytes there are what the field may hold, cannot be, or tell
 * nothing (a page is missing, or the field is empty in this object).
 */
export type Verdict = 'fits' | 'contradicts' | 'silent';

/** What must hold of a field, whatever its offset. Only what every undamaged system meets: it refutes, it does not rank. */
export interface FieldRule<Subject> {
  /** Offsets are tried in steps of so many bytes. */
  readonly step: number;
  judge(subject: Subject, offset: number): Verdict;
  /** What must hold of all objects together. */
  holds?(offset: number): boolean;
}

/** Offsets in bytes, the last one excluded. */
export interface OffsetRange {
  readonly from: number;
  readonly to: number;
}

/** A smeared image has objects that were half written: one in so many may contradict. */
const CONTRADICTIONS = 8;
const FEW = 3;

/** Whether so many objects that fit outweigh those that contradict. */
export function outweighs(fits: number, contradictions: number): boolean {
  if (contradictions === 0) return fits > 0;
  return fits >= FEW && contradictions <= Math.max(1, Math.floor(fits / CONTRADICTIONS));
}

/** How an offset stands: it fits, it is refuted, or no object tells anything. */
export type Standing = 'fits' | 'refuted' | 'open';

/** How one offset stands by a rule. */
export function standingOf<Subject>(subjects: readonly Subject[], offset: number, rule: FieldRule<Subject>): Standing {
  const most = Math.max(1, Math.floor(subjects.length / CONTRADICTIONS));
  let [fits, contradictions] = [0, 0];
  for (const subject of subjects) {
    const verdict = rule.judge(subject, offset);
    if (verdict === 'fits') fits++;
    else if (verdict === 'contradicts' && ++contradictions > most) return 'refuted';
  }
  if (fits === 0 && contradictions === 0) return 'open';
  return outweighs(fits, contradictions) && rule.holds?.(offset) !== false ? 'fits' : 'refuted';
}

/** Every offset that the objects do not refute, and that at least one of them speaks for. */
export function offsetsThatFit<Subject>(
  subjects: readonly Subject[],
  { from, to }: OffsetRange,
  rule: FieldRule<Subject>,
): number[] {
  const fitting: number[] = [];
  for (let offset = from; offset < to; offset += rule.step)
    if (standingOf(subjects, offset, rule) === 'fits') fitting.push(offset);
  return fitting;
}

/** Offsets of a field that somebody names: they decide between those that fit, and cannot replace them. */
export interface Witness {
  readonly offset: number;
  /** Who names it, as `the debugger block`. */
  readonly by: string;
}

/** The only offset that fits; of several, the one that is named. A named one that does not fit is a contradiction. */
export function decideOffset(fitting: readonly number[], witnesses: readonly Witness[] = []): number | Missing {
  const wrong = witnesses.find(({ offset }) => !fitting.includes(offset));
  if (wrong !== undefined)
    return { missing: `${wrong.by} names offset ${hex(wrong.offset)}, which does not hold what the field must` };
  const named = witnesses[0]?.offset;
  if (named !== undefined) {
    const other = witnesses.find(({ offset }) => offset !== named);
    if (other === undefined) return named;
    return { missing: `${witnesses[0]!.by} names offset ${hex(named)}, ${other.by} ${hex(other.offset)}` };
  }
  const [only, second] = fitting;
  if (only === undefined) return { missing: 'no offset holds what the field must in every object' };
  if (second !== undefined)
    return {
      missing: `${fitting.length} offsets hold what the field must, ${hex(only)} and ${hex(second)} among them`,
    };
  return only;
}
