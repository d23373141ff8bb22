import { parquetMetadataAsync, type Statistics } from 'hyparquet';
import { asyncBufferFromFile } from 'hyparquet/src/node.js';
import type { Column, ColumnType, RecordType } from '../../record/schema/record-type.js';

type MinMaxType = NonNullable<Statistics['min_value']>;

/** What questions are asked by. A table's log is read whole and held, so it has to stay small. */
const ASKED_BY = ['image_id', 'host', 'captured_at', 'windows_version', 'tag', 'key', 'name', 'status'];
/** Characters; longer ones are cut by writers, and what is cut is no bound. */
const MAX_TEXT = 60;

/** A bound as JSON text: integers exactly, times as ISO 8601 in UTC. */
const AS_JSON: Readonly<Record<ColumnType, (bound: MinMaxType) => string | null>> = {
  string: (bound) => (typeof bound === 'string' && bound.length <= MAX_TEXT ? JSON.stringify(bound) : null),
  bool: () => null,
  int32: String,
  // Readers of the footer may take what is unsigned for signed.
  uint32: (bound) => String(Number(bound) >>> 0),
  int64: String,
  float64: (bound) => (Number.isFinite(bound) ? String(bound) : null),
  timestamp: (bound) => (bound instanceof Date ? JSON.stringify(bound.toISOString()) : null),
};

interface Bounds {
  min: MinMaxType | undefined;
  max: MinMaxType | undefined;
  /** Null where a row group does not tell. */
  nulls: bigint | null;
  isBounded: boolean;
}

/**
 * What the footer of a Parquet file says of the columns that questions are asked by, as the `stats` of a Delta table: rows, bounds, nulls. Bounds
 * that are not exact are left out; of a file that is no Parquet nothing is said, which is for its readers to find.
 * @param path a local file
 */
export async function fileStatistics(path: string, { columns }: RecordType): Promise<string | null> {
  const footer = await asyncBufferFromFile(path)
    .then((file) => parquetMetadataAsync(file))
    .catch(() => null);
  if (footer === null) return null;
  const parts: Record<'minValues' | 'maxValues' | 'nullCount', string[]> = {
    minValues: [],
    maxValues: [],
    nullCount: [],
  };
  for (const column of columns.filter(({ name }) => ASKED_BY.includes(name))) {
    const bounds = boundsOf(column, footer.row_groups);
    const [min, max] = bounds.isBounded ? [jsonOf(column, bounds.min), jsonOf(column, bounds.max)] : [null, null];
    if (min !== null && max !== null) {
      parts.minValues.push(`${JSON.stringify(column.name)}:${min}`);
      parts.maxValues.push(`${JSON.stringify(column.name)}:${max}`);
    }
    if (bounds.nulls !== null) parts.nullCount.push(`${JSON.stringify(column.name)}:${bounds.nulls}`);
  }
  const objects = Object.entries(parts).map(([name, members]) => `"${name}":{${members.join(',')}}`);
  return `{"numRecords":${footer.num_rows},${objects.join(',')}}`;
}

function jsonOf({ type }: Column, bound: MinMaxType | undefined): string | null {
  return bound === undefined ? null : AS_JSON[type](bound);
}

function boundsOf(
  { name, type }: Column,
  rowGroups: Awaited<ReturnType<typeof parquetMetadataAsync>>['row_groups'],
): Bounds {
  const bounds: Bounds = { min: undefined, max: undefined, nulls: 0n, isBounded: rowGroups.length > 0 };
  for (const { columns } of rowGroups) {
    const found = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === name)?.meta_data?.statistics;
    bounds.nulls = found?.null_count === undefined || bounds.nulls === null ? null : bounds.nulls + found.null_count;
    const isExact = found?.is_min_value_exact !== false && found?.is_max_value_exact !== false;
    const [min, max] = [plain(found?.min_value, type), plain(found?.max_value, type)];
    if (min === undefined || max === undefined || !isExact) {
      bounds.isBounded = false;
      continue;
    }
    if (bounds.min === undefined || min < bounds.min) bounds.min = min;
    if (bounds.max === undefined || max > bounds.max) bounds.max = max;
  }
  return bounds;
}

/** Bounds of unsigned numbers compare as what they are. */
function plain(bound: MinMaxType | undefined, type: ColumnType): MinMaxType | undefined {
  return type === 'uint32' && bound !== undefined ? Number(bound) >>> 0 : bound;
}
