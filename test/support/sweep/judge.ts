import type { TagTotal } from '../../../src/pool/table/tag-totals.js';
import { counterBits, COUNTER_NAMES, type EntrySize } from '../generate/tracker/tracker-layouts.js';
import type { MergedEntry } from '../generate/tracker/tracker-table-writer.js';
import type { Damage } from './scene.js';

/**
 * What an answer is worth, worst first.
 *
 *     silent      a wrong, missing or invented row that is complete, and the image is called ok
 *     silent row  a wrong or invented row that is complete, in an image that is marked
 *     lucky       every complete row is right, but some lie where the memory lacks a part: nothing could tell
 *     marked      rows are wrong or missing, and each is marked
 *     refused     no rows: an error
 *     cautious    every row is right, the image or rows are marked
 *     exact       every row is right, the image is ok
 */
export const VERDICTS = ['crash', 'silent', 'silent row', 'lucky', 'marked', 'refused', 'cautious', 'exact'] as const;
export type Verdict = (typeof VERDICTS)[number];
/** What must never be. */
export const FORBIDDEN: readonly Verdict[] = ['crash', 'silent', 'silent row'];

/** What a scan said: rows and whether it calls the image whole; `error` when it refused; a crash is any other failure. */
export type Answer =
  | { readonly rows: readonly TagTotal[]; readonly isOk: boolean }
  | { readonly error: string; readonly isCrash: boolean };

export interface Judged {
  readonly verdict: Verdict;
  readonly why: string;
}

const nameOf = (key: number, place: string): string => `${place} ${key.toString(16)}`;

function byName(merged: readonly MergedEntry[], entrySize: EntrySize): Map<string, readonly bigint[]> {
  const bits = counterBits(entrySize);
  return new Map(
    merged.map(({ key, place, counters }) => [
      nameOf(key, place),
      COUNTER_NAMES.map((name, index) => BigInt.asUintN(bits[index]!, counters[name])),
    ]),
  );
}

const same = (one: readonly bigint[] | undefined, other: readonly bigint[]): boolean =>
  one !== undefined && one.every((value, index) => value === other[index]);

/**
 * Holds an answer against the truth.
 * @param asIs the sums of the tables as they are in memory, where these count as right as well
 */
export function judge(
  answer: Answer,
  merged: readonly MergedEntry[],
  entrySize: EntrySize,
  damage: Damage,
  asIs: readonly MergedEntry[] | null,
): Judged {
  if ('error' in answer) return { verdict: answer.isCrash ? 'crash' : 'refused', why: answer.error };
  if (answer.rows.length === 0) return { verdict: 'refused', why: 'no rows' };
  const bits = counterBits(entrySize);
  const truth = byName(merged, entrySize);
  const other = asIs === null ? new Map<string, readonly bigint[]>() : byName(asIs, entrySize);
  const got = new Set<string>();
  const sure = new Set<string>();
  const silent: string[] = [];
  let [wrong, marks, lucky] = [0, 0, 0];
  for (const { key, place, slot, counters, complete } of answer.rows) {
    const name = nameOf(key, place);
    // A tag that is given twice is counted twice where both rows are said to be complete.
    const isTwice = sure.has(name);
    got.add(name);
    if (complete) sure.add(name);
    const have = counters.map((value, index) => BigInt.asUintN(bits[index]!, value));
    const isRight = !isTwice && (same(truth.get(name), have) || same(other.get(name), have));
    if (!complete) marks++;
    if (!isRight) {
      wrong++;
      const due = truth.get(name)?.join(' ') ?? 'no such row';
      if (complete) silent.push(`${name}${isTwice ? ' twice' : ''}: ${have.join(' ')}; true: ${due}`);
    } else if (complete && (damage.lost === 'all' || (place !== 'expansion' && damage.lost.has(slot)))) lucky++;
  }
  const missing = [...truth.keys()].filter((name) => !got.has(name));
  const why = `${truth.size} tags: ${wrong} wrong (${silent.length} of them complete), ${missing.length} missing, ${marks} marked, image ${answer.isOk ? 'ok' : 'marked'}${silent[0] === undefined ? '' : `; e.g. ${silent[0]}`}`;
  const verdict = ((): Verdict => {
    if (silent.length > 0) return answer.isOk ? 'silent' : 'silent row';
    if (missing.length > 0 && answer.isOk) return 'silent';
    if (lucky > 0) return 'lucky';
    if (wrong > 0 || missing.length > 0) return 'marked';
    return !answer.isOk || marks > 0 ? 'cautious' : 'exact';
  })();
  return { verdict, why };
}
