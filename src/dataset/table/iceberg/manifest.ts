import { partitionValues } from '../../store/partition.js';
import { type Bound, type ColumnStatistics, type FileStatistics, isBelow } from '../file-statistics.js';
import { manifestSchema } from './avro-schemas.js';
import { avroBytes } from './avro-file.js';
import { FORMAT_VERSION } from './metadata.js';
import {
  type IcebergField,
  type IcebergSchema,
  type IcebergType,
  partitionType,
  type PartitionSpec,
  sourceOf,
} from './schema.js';
import { DAY_MS, dayOf, singleValue } from './single-value.js';

/** What a manifest says of a file's place in the table. */
export const STATUS = { existing: 0, added: 1, deleted: 2 } as const;

type ById<T> = readonly { readonly key: number; readonly value: T }[];

/** A file of records, as a manifest lists it. */
export interface ListedFile {
  readonly content: 0;
  /** Its full location. */
  readonly file_path: string;
  readonly file_format: 'PARQUET';
  /** The values of the folders' keys: texts, dates as days since 1970. */
  readonly partition: Readonly<Record<string, string | number | null>>;
  readonly record_count: number;
  readonly file_size_in_bytes: number;
  readonly value_counts: ById<number>;
  readonly null_value_counts: ById<number>;
  readonly lower_bounds: ById<Buffer>;
  readonly upper_bounds: ById<Buffer>;
  readonly sort_order_id: 0;
}

/** A line of a manifest. */
export interface ManifestEntry {
  readonly status: (typeof STATUS)[keyof typeof STATUS];
  /** The snapshot that added the file, or removed it. */
  readonly snapshot_id: number;
  /** Of the snapshot that added it. */
  readonly sequence_number: number;
  readonly file_sequence_number: number;
  readonly data_file: ListedFile;
}

/** A line of a manifest list. */
export interface ManifestFile {
  /** Its full location. */
  readonly manifest_path: string;
  readonly manifest_length: number;
  readonly partition_spec_id: number;
  readonly content: 0;
  readonly sequence_number: number;
  readonly min_sequence_number: number;
  readonly added_snapshot_id: number;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: number;
  readonly existing_rows_count: number;
  readonly deleted_rows_count: number;
  readonly partitions: readonly object[];
}

/**
 * The keys of a file's folders whose values hold for every row of it. The null of folders stands for missing and for
 * empty texts, and a log has captures of several days: where the file has the column as well, its own statistics decide,
 * and where these do not, the key is left out for this file.
 * @param path from the dataset's root
 */
export function keysOf(path: string, statistics: FileStatistics, keys: readonly string[]): readonly string[] {
  const values = partitionValues(path);
  return keys.filter((key) => {
    const value = values[key];
    if (value === undefined) return false;
    const column = statistics.columns.get(sourceOf(key));
    if (value === null) return column === undefined || column.nulls === statistics.rows;
    if (key !== 'date') return true;
    const day = dayOf(value);
    return (
      column?.nulls === 0 &&
      column.bounds !== null &&
      [column.bounds.min, column.bounds.max].every((time) => Math.floor(Number(time) / DAY_MS) === day)
    );
  });
}

/**
 * @param location of the file
 * @param path from the dataset's root
 */
export function listedFile(
  location: string,
  path: string,
  size: number,
  statistics: FileStatistics,
  spec: PartitionSpec,
  fields: readonly IcebergField[],
): ListedFile {
  const values = partitionValues(path);
  const known = fields.flatMap((field) => {
    const column = statistics.columns.get(field.name);
    return column === undefined || column.nulls === null ? [] : [{ field, column }];
  });
  const mapOf = <T>(of: (column: ColumnStatistics, type: IcebergType) => T | null): ById<T> =>
    known.flatMap(({ field, column }) => {
      const value = of(column, field.type);
      return value === null ? [] : [{ key: field.id, value }];
    });
  return {
    content: 0,
    file_path: location,
    file_format: 'PARQUET',
    partition: Object.fromEntries(
      spec.fields.map(({ name, transform }) => {
        const value = values[name] ?? null;
        return [name, value !== null && transform === 'day' ? dayOf(value) : value];
      }),
    ),
    record_count: statistics.rows,
    file_size_in_bytes: size,
    value_counts: mapOf(() => statistics.rows),
    null_value_counts: mapOf(({ nulls }) => nulls),
    lower_bounds: mapOf(({ bounds }, type) => (bounds === null ? null : singleValue(bounds.min, type))),
    upper_bounds: mapOf(({ bounds }, type) => (bounds === null ? null : singleValue(bounds.max, type))),
    sort_order_id: 0,
  };
}

/** A manifest's bytes, and its line in a list but for where it is. */
export async function manifestBytes(
  entries: readonly ManifestEntry[],
  spec: PartitionSpec,
  schema: IcebergSchema,
): Promise<{
  readonly bytes: Buffer;
  readonly line: Omit<ManifestFile, 'manifest_path' | 'added_snapshot_id' | 'sequence_number'>;
}> {
  const bytes = await avroBytes(manifestSchema(spec, schema.fields), entries, {
    schema: JSON.stringify(schema),
    'schema-id': String(schema['schema-id']),
    'partition-spec': JSON.stringify(spec.fields),
    'partition-spec-id': String(spec['spec-id']),
    'format-version': String(FORMAT_VERSION),
    content: 'data',
  });
  const count = (status: number): number => entries.filter((entry) => entry.status === status).length;
  const rows = (status: number): number =>
    entries.reduce((sum, entry) => sum + (entry.status === status ? entry.data_file.record_count : 0), 0);
  const live = entries.filter(({ status }) => status !== STATUS.deleted);
  return {
    bytes,
    line: {
      manifest_length: bytes.length,
      partition_spec_id: spec['spec-id'],
      content: 0,
      min_sequence_number: (live.length === 0 ? entries : live).reduce(
        (least, { sequence_number }) => Math.min(least, sequence_number),
        Number.MAX_SAFE_INTEGER,
      ),
      added_files_count: count(STATUS.added),
      existing_files_count: count(STATUS.existing),
      deleted_files_count: count(STATUS.deleted),
      added_rows_count: rows(STATUS.added),
      existing_rows_count: rows(STATUS.existing),
      deleted_rows_count: rows(STATUS.deleted),
      partitions: spec.fields.map((field) =>
        partitionSummary(
          entries.map(({ data_file }) => data_file.partition[field.name] ?? null),
          partitionType(field, schema.fields),
        ),
      ),
    },
  };
}

/** Which values of one key the files of a manifest have, so that readers leave it out. */
function partitionSummary(values: readonly (Bound | null)[], type: IcebergType): object {
  const known = values.filter((value) => value !== null);
  const bound = (isBetter: (value: Bound, best: Bound) => boolean): Buffer | null =>
    known.length === 0
      ? null
      : singleValue(
          known.reduce((best, value) => (isBetter(value, best) ? value : best)),
          type,
        );
  return {
    contains_null: known.length < values.length,
    contains_nan: false,
    lower_bound: bound(isBelow),
    upper_bound: bound((value, best) => isBelow(best, value)),
  };
}
