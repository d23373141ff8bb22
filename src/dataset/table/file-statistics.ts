import { parquetMetadataAsync, type Statistics } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import type { Column, ColumnType, RecordType } from '../../record/schema/record-type.js';

type MinMaxType = NonNullable<Statistics['min_value']>;
type RowGroups = Awaited<ReturnType<typeof parquetMetadataAsync>>['row_groups'];

/** A bound of a column: times in milliseconds since 1970 UTC, integers of 64 bits as bigints. */
export type Bound = string | number | bigint;

/** What is known of one column of a file. */
export interface ColumnStatistics {
  /** Null where a row group does not tell. */
  readonly nulls: number | null;
  /** The least and the greatest value, both exactly; null where they are not known. */
  readonly bounds: { readonly min: Bound; readonly max: Bound } | null;
}

/** What a Parquet file says of itself. */
export interface FileStatistics {
  readonly rows: number;
  /** Of the columns that questions are asked by, as far as the file has them. */
  readonly columns: ReadonlyMap<string, ColumnStatistics>;
}

/** What questions are asked by. A table's log is read whole, so it has to stay small. */
const ASKED_BY = ['image_id', 'host', 'captured_at', 'windows_version', 'tag', 'key', 'name', 'status'];
/** Characters; longer ones are cut by writers, and what is cut is no bound. */
const MAX_TEXT = 60;

/** A bound as it stands in a footer; null for what is none of its type. */
const BOUND: Readonly<Record<ColumnType, (bound: MinMaxType) => Bound | null>> = {
  string: (bound) => (typeof bound === 'string' && bound.length <= MAX_TEXT ? bound : null),
  bool: () => null,
  int32: (bound) => (typeof bound === 'number' ? bound : null),
  // Readers of the footer may take what is unsigned for signed.
  uint32: (bound) => (typeof bound === 'number' ? bound >>> 0 : null),
  int64: (bound) => (typeof bound === 'bigint' ? bound : null),
  float64: (bound) => (typeof bound === 'number' && Number.isFinite(bound) ? bound : null),
  timestamp: (bound) => (bound instanceof Date ? bound.getTime() : null),
};

/**
 * What the footer of a Parquet file says of the columns that questions are asked by. Bounds that are not exact are left
 * out; of a file that is no Parquet nothing is said, which is for its readers to find.
 * @param path a local file
 */
export async function fileStatistics(path: string, { columns }: RecordType): Promise<FileStatistics | null> {
  const footer = await asyncBufferFromFile(path)
    .then((file) => parquetMetadataAsync(file))
    .catch(() => null);
  if (footer === null) return null;
  const asked = columns.filter(({ name }) => ASKED_BY.includes(name));
  return {
    rows: Number(footer.num_rows),
    columns: new Map(asked.map((column) => [column.name, columnStatistics(column, footer.row_groups)])),
  };
}

function columnStatistics({ name, type }: Column, rowGroups: RowGroups): ColumnStatistics {
  let nulls: number | null = 0;
  let [min, max]: [Bound | null, Bound | null] = [null, null];
  let isBounded = true;
  for (const { columns } of rowGroups) {
    const found = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === name)?.meta_data?.statistics;
    nulls = found?.null_count === undefined || nulls === null ? null : nulls + Number(found.null_count);
    const isExact = found?.is_min_value_exact !== false && found?.is_max_value_exact !== false;
    const [least, most] = [boundOf(found?.min_value, type), boundOf(found?.max_value, type)];
    if (least === null || most === null || !isExact) {
      isBounded = false;
      continue;
    }
    if (min === null || isBelow(least, min)) min = least;
    if (max === null || isBelow(max, most)) max = most;
  }
  return { nulls, bounds: isBounded && min !== null && max !== null ? { min, max } : null };
}

function boundOf(bound: MinMaxType | undefined, type: ColumnType): Bound | null {
  return bound === undefined ? null : BOUND[type](bound);
}

/** Texts by their UTF-8 bytes, as engines order them: JavaScript's own order differs beyond U+FFFF. */
export function isBelow(a: Bound, b: Bound): boolean {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  return a < b;
}
