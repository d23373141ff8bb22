import { column, nullableColumn, type RecordType, type Row } from '../../record/schema/record-type.js';
import { type Measure, MEASURES, type TagCount } from './diff-subject.js';

/** One record per tag that differs between two images. */
export const TAG_DIFF: RecordType = {
  name: 'tag_diff',
  description: 'What differs between two images, over both pools.',
  columns: [
    column(
      'tag',
      'string',
      'The four bytes of the tag, lowest address first; unprintable bytes and the backslash as \\xNN.',
    ),
    column('key', 'uint32', 'The key as stored, bit 31 (PROTECTED_POOL) included.'),
    column('change', 'string', 'new, gone, grew, shrank or same, by the measure that was asked for.'),
    nullableColumn(
      'percent',
      'float64',
      'Change in percent of what there was, by that measure; null where there was nothing.',
    ),
    ...MEASURES.flatMap((measure) => [
      column(`${measure}_change`, 'int64', `${measure}_after minus ${measure}_before.`),
      nullableColumn(
        `${measure}_before`,
        'int64',
        `Of the first image (${measure}); null when it does not have the tag.`,
      ),
      nullableColumn(
        `${measure}_after`,
        'int64',
        `Of the second image (${measure}); null when it does not have the tag.`,
      ),
    ]),
    ...MEASURES.map((measure) =>
      nullableColumn(
        `${measure}_per_hour`,
        'float64',
        `${measure}_change for each hour between the two; null where the times are not known, or are not of one start of one machine.`,
      ),
    ),
    column('complete', 'bool', 'False when a page that could hold a part of the counts was missing in either image.'),
  ],
};

/** How one tag differs between two images. */
export interface TagDiff {
  /** The four bytes of the tag. */
  readonly tag: string;
  /** Null when the first image does not have it. */
  readonly before: TagCount | null;
  /** Null when the second image does not have it. */
  readonly after: TagCount | null;
  /** By the measure that was asked for. */
  readonly change: bigint;
  /** Change in percent of the earlier value; infinite when that was zero and the later is not. */
  readonly percent: number;
}

function changeOf(measure: Measure, before: TagCount | null, after: TagCount | null): bigint {
  return BigInt.asIntN(64, (after?.[measure] ?? 0n) - (before?.[measure] ?? 0n));
}

/** Exact except for the last division: a million times the ratio is computed as an integer. */
function percentOf(change: bigint, before: bigint): number {
  if (change === 0n) return 0;
  if (before === 0n) return change > 0n ? Infinity : -Infinity;
  return Number((change * 100_000_000n) / (before < 0n ? -before : before)) / 1_000_000;
}

/**
 * Tags in which two images differ by any measure, those that grew most first.
 * @param by the measure that orders them
 * @param wanted which tags to look at
 */
export function diffTags(
  before: ReadonlyMap<number, TagCount>,
  after: ReadonlyMap<number, TagCount>,
  by: Measure,
  wanted: (tag: string) => boolean = () => true,
): TagDiff[] {
  const diffs: TagDiff[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [first, second] = [before.get(key) ?? null, after.get(key) ?? null];
    const { tag } = (second ?? first)!;
    const differs = first === null || second === null || MEASURES.some((measure) => first[measure] !== second[measure]);
    if (!differs || !wanted(tag)) continue;
    const change = changeOf(by, first, second);
    diffs.push({ tag, before: first, after: second, change, percent: percentOf(change, first?.[by] ?? 0n) });
  }
  return diffs.sort((a, b) => (a.change === b.change ? (a.tag < b.tag ? -1 : 1) : a.change < b.change ? 1 : -1));
}

function changeWord({ before, after, change }: TagDiff): string {
  if (before === null) return 'new';
  if (after === null) return 'gone';
  return change > 0n ? 'grew' : change < 0n ? 'shrank' : 'same';
}

/**
 * A difference as a TAG_DIFF row.
 * @param hours between the two; null where growth for each hour makes no sense
 */
export function diffRow(diff: TagDiff, hours: number | null): Row {
  const { tag, before, after, percent } = diff;
  const measures = MEASURES.map((measure): Row => ({
    [`${measure}_change`]: changeOf(measure, before, after),
    [`${measure}_before`]: before?.[measure] ?? null,
    [`${measure}_after`]: after?.[measure] ?? null,
    [`${measure}_per_hour`]: hours === null ? null : Number(changeOf(measure, before, after)) / hours,
  }));
  return Object.assign(
    {
      tag,
      key: (after ?? before)!.key,
      change: changeWord(diff),
      percent: Number.isFinite(percent) ? percent : null,
      complete: before?.complete !== false && after?.complete !== false,
    },
    ...measures,
  ) as Row;
}
