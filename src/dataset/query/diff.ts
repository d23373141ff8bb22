import { PoolTrackerError } from '../../errors.js';
import { rowsOf } from '../../record/rows/rows.js';
import { column, nullableColumn, type RecordType, type Row } from '../../record/schema/record-type.js';
import { POOL_TAG } from '../../record/schema/record-types.js';
import { openScan } from '../../scan/open-scan.js';
import { decodeScan, type ScanOptions } from '../../scan/scan.js';
import { openRecords, READERS } from '../../sink/readers.js';

export const MEASURES = ['bytes', 'outstanding', 'allocs'] as const;
export type Measure = (typeof MEASURES)[number];

/** One tag of one image: the sums over both pools, wrapping at 64 bits as the counters do. */
export interface TagCount extends Readonly<Record<Measure, bigint>> {
  readonly tag: string;
  readonly key: number;
  readonly complete: boolean;
}

function isRecordFile(input: string): boolean {
  return READERS.some(({ extensions }) => extensions.some((extension) => input.toLowerCase().endsWith(extension)));
}

async function* imageRows(image: string, options: ScanOptions): AsyncGenerator<Row> {
  const scan = await openScan(image, options);
  try {
    yield* rowsOf(POOL_TAG, await decodeScan(scan));
  } finally {
    await scan.close();
  }
}

async function* recordRows(file: string): AsyncGenerator<Row> {
  const { recordType, rows } = await openRecords(file);
  if (recordType !== null && recordType !== POOL_TAG) {
    throw new PoolTrackerError('USAGE', `${file}: expected ${POOL_TAG.name} records, found ${recordType.name}`);
  }
  yield* rows;
}

function sum(row: Row, measure: Measure): bigint {
  return BigInt.asIntN(64, (row[`nonpaged_${measure}`] as bigint) + (row[`paged_${measure}`] as bigint));
}

/**
 * The tags of one image by their key, from the image itself or from a file of its `pool_tag` records (recognised by its
 * ending). A tag with two entries is their sum.
 *
 * @throws PoolTrackerError USAGE for records of another type or of several images; whatever opening and scanning an
 * image throws
 */
export async function readTagCounts(input: string, options: ScanOptions = {}): Promise<Map<number, TagCount>> {
  const counts = new Map<number, TagCount>();
  let imageId: unknown;
  for await (const row of isRecordFile(input) ? recordRows(input) : imageRows(input, options)) {
    imageId ??= row['image_id'];
    if (row['image_id'] !== imageId) {
      throw new PoolTrackerError(
        'USAGE',
        `${input}: expected the records of one image, found those of ${String(imageId)} and ${String(row['image_id'])}`,
        {
          hint: 'for images of a dataset: pool-tracker query DATASET --view compare IMAGE_A IMAGE_B',
        },
      );
    }
    const key = row['key'] as number;
    const known = counts.get(key);
    const total = (measure: Measure): bigint => BigInt.asIntN(64, sum(row, measure) + (known?.[measure] ?? 0n));
    counts.set(key, {
      tag: row['tag'] as string,
      key,
      complete: row['complete'] === true && known?.complete !== false,
      bytes: total('bytes'),
      outstanding: total('outstanding'),
      allocs: total('allocs'),
    });
  }
  return counts;
}

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
    column('complete', 'bool', 'False when a page that could hold a part of the counts was missing in either image.'),
  ],
};

export interface TagDiff {
  readonly tag: string;
  readonly before: TagCount | null;
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

/** A difference as a TAG_DIFF row. */
export function diffRow(diff: TagDiff): Row {
  const { tag, before, after, percent } = diff;
  const measures = MEASURES.map((measure): Row => ({
    [`${measure}_change`]: changeOf(measure, before, after),
    [`${measure}_before`]: before?.[measure] ?? null,
    [`${measure}_after`]: after?.[measure] ?? null,
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
