import {
  type DiffSense,
  type DiffSubject,
  diffRow,
  diffTags,
  type Measure,
  readDiffSubject,
  senseOf,
  type TagDiff,
} from '../dataset/query/query.js';
import { tagFilter } from '../record/rows/rows.js';
import type { ScanOptions } from '../scan/scan.js';
import { abortable } from '../work.js';

/** How images are scanned that are compared, and which of their tags. */
export interface DiffOptions extends ScanOptions {
  /** What orders the tags, and what their `change` and `percent` are of: bytes by default. */
  readonly by?: Measure;
  /** Only tags that fit one of these patterns: `*` any characters, `?` one. */
  readonly tags?: readonly string[];
  /** Leaves out tags that fit one of these. */
  readonly exclude?: readonly string[];
}

/** How one tag differs: a `tag_diff` record. */
export type TagDiffRow = {
  /** The four bytes of the tag. */
  readonly tag: string;
  /** The key as stored. */
  readonly key: number;
  /** By the measure that was asked for. */
  readonly change: 'new' | 'gone' | 'grew' | 'shrank' | 'same';
  /** Change in percent of what there was; null where there was nothing. */
  readonly percent: number | null;
  /** False when a page that could hold a part of the counts was missing in either image. */
  readonly complete: boolean;
} & Readonly<Record<`${Measure}_change`, bigint>> &
  Readonly<Record<`${Measure}_before` | `${Measure}_after`, bigint | null>> &
  Readonly<Record<`${Measure}_per_hour`, number | null>>;

/** What differs between two images, and whether that says anything. */
export interface Diff {
  /** What the first is of. */
  readonly before: DiffSubject;
  /** What the second is of. */
  readonly after: DiffSubject;
  /** Warnings, if they are not two states of one start of one machine; the hours between them. */
  readonly sense: DiffSense;
  /** Tags that differ by any measure, those that grew most first. */
  readonly diffs: readonly TagDiff[];
  /** The same as `tag_diff` records. */
  readonly rows: readonly TagDiffRow[];
}

/**
 * Compares two images, or files of their `pool_tag` records.
 * @param before an image as `scanImage` takes it, or a file of records, told by its ending
 * @param after the same, of a later moment
 * @throws PoolTrackerError USAGE for records of another kind or of several images; as `openScan` and `decodeScan` do; the
 * reason of the signal
 */
export function diff(before: string, after: string, options: DiffOptions = {}): Promise<Diff> {
  const { by = 'bytes', tags, exclude, ...scan } = options;
  return abortable(options.signal, async () => {
    const wanted = tagFilter({ ...(tags !== undefined && { tags }), ...(exclude !== undefined && { exclude }) });
    const first = await readDiffSubject(before, scan);
    const second = await readDiffSubject(after, scan);
    const sense = senseOf(first, second);
    const diffs = diffTags(first.tags, second.tags, by, wanted);
    const rows = diffs.map((one) => diffRow(one, sense.hours) as unknown as TagDiffRow);
    return { before: first, after: second, sense, diffs, rows };
  });
}
