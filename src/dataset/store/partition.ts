import { PoolTrackerError } from '../../errors.js';
import { SCHEMA_VERSION } from '../../record/schema/record-type.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';

export const DEFAULT_PARTITION: readonly string[] = ['date', 'host'];

/** The value that Hive, Spark, Trino and DuckDB all read as null. */
const NULL_VALUE = '__HIVE_DEFAULT_PARTITION__';

/**
 * What an engine reads as null before it unescapes it (DuckDB takes NULL for one in any case), or as a number or a day
 * that it writes otherwise: `0x1` as 1, `2024-1-1` as 2024-01-01.
 */
const READ_AS_OTHER =
  /^(?:null|__hive_default_partition__|epoch|[+-]?inf(?:inity)?|-0+|[+-]?0[xb][0-9a-f]+|[+-]?\d+-\d{1,2}-\d{1,2})$/i;
const PLAIN_DAY = /^(?:\d{4}|[1-9]\d{4,})-\d\d-\d\d$/;

/** `N` → `%4E` */
function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A component of a path is 255 bytes at most on every common file system. */
const MAX_COMPONENT_LENGTH = 255;

/**
 * Checks the keys of a path: `v` is taken, and a key with the name of a column would hide it (only host is the same as
 * its column).
 */
export function checkPartitionKeys(keys: readonly string[]): readonly string[] {
  const columns = new Set(RECORD_TYPES.flatMap((type) => type.columns.map((column) => column.name)));
  for (const [index, key] of keys.entries()) {
    const problem = !/^[a-z_][a-z0-9_]*$/.test(key)
      ? 'a key is lower-case letters, digits and _'
      : keys.indexOf(key) < index
        ? 'it is named twice'
        : key in Object.prototype
          ? 'it is a word that programs take for their own'
          : key === 'v'
            ? 'v is the version of the schema'
            : key !== 'host' && columns.has(key)
              ? 'records have a column of this name'
              : null;
    if (problem !== null)
      throw new PoolTrackerError('USAGE', `partition key '${key}': ${problem}`, {
        hint: 'keys are date, host or names of labels',
      });
  }
  return keys;
}

/**
 * Escapes a partition value as Hive does, which every engine understands: characters that could end or split a path
 * component become %XX, the rest stay, and so does the first one of what would be read as something else. `a/b` → `a%2Fb`,
 * `NULL` → `%4EULL`
 */
export function escapeValue(value: string): string {
  if (READ_AS_OTHER.test(value) && !PLAIN_DAY.test(value)) return `${percent(value[0]!)}${value.slice(1)}`;
  return value.replace(/[\u0000- "#%&'*/:=?\\<>|{}[\]^`\u007f]/g, percent);
}

/**
 * The folders that an image's records lie in: `date=2024-09-01/host=web01`.
 *
 * @param capturedAt milliseconds since 1970 UTC, or null: the key `date`
 * @param labels the values of all other keys; engines read a missing or empty one as null
 * @throws PoolTrackerError USAGE for a value too long for a file name
 */
export function partitionFolder(
  keys: readonly string[],
  capturedAt: number | null,
  labels: Readonly<Record<string, string>>,
): string {
  return keys
    .map((key) => {
      const value =
        key === 'date'
          ? capturedAt === null
            ? ''
            : new Date(capturedAt).toISOString().slice(0, 10)
          : Object.hasOwn(labels, key)
            ? labels[key]!
            : '';
      const component = `${key}=${value === '' ? NULL_VALUE : escapeValue(value)}`;
      if (Buffer.byteLength(component) > MAX_COMPONENT_LENGTH) {
        throw new PoolTrackerError(
          'USAGE',
          `label ${key}: expected a value of at most ${MAX_COMPONENT_LENGTH - key.length - 1} bytes for a partition, found ${Buffer.byteLength(value)}`,
        );
      }
      return component;
    })
    .join('/');
}

/** The folder of one record type and partition, from the dataset's root. */
export function recordFolder(record: string, folder: string): string {
  return [record, `v=${SCHEMA_VERSION}`, ...(folder === '' ? [] : [folder])].join('/');
}

/** The folders of one record type in every version of the schema that is read, the oldest first. */
export function versionFolders(record: string): string[] {
  return Array.from({ length: SCHEMA_VERSION }, (_, index) => `${record}/v=${index + 1}`);
}

/** The partition that a file of a dataset lies in: `pool_tag/v=1/host=a/part-1.parquet` → `host=a`. */
export function partitionOf(path: string): string {
  return path.split('/').slice(2, -1).join('/');
}

/** The values in the names of a file's folders, as they were before `escapeValue`; null for the name of null. */
export function partitionValues(path: string): Readonly<Record<string, string | null>> {
  const components = partitionOf(path)
    .split('/')
    .filter((component) => component.includes('='));
  return Object.fromEntries(
    components.map((component) => {
      const [key, value] = [component.slice(0, component.indexOf('=')), component.slice(component.indexOf('=') + 1)];
      return [
        key,
        value === NULL_VALUE
          ? null
          : value.replace(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
      ];
    }),
  );
}

/**
 * Where the records of one kind of one image lie: `pool_tag/v=2/date=2024-09-01/host=web01/part-4f2c….parquet`. The
 * name follows from the contents of the image, so that writing it again replaces it.
 */
export function partPath(record: string, folder: string, imageId: string, extension: string): string {
  return `${recordFolder(record, folder)}/part-${imageId}${extension}`;
}

/** Where an earlier version may have put the same records. */
export function olderPartPaths(record: string, folder: string, imageId: string, extension: string): string[] {
  const path = partPath(record, folder, imageId, extension);
  const own = recordFolder(record, '');
  return versionFolders(record)
    .filter((older) => older !== own)
    .map((older) => `${older}${path.slice(own.length)}`);
}

/** Whether a path is that of a part or of a compacted file of a record type. */
export function isRecordFile(record: string, path: string): boolean {
  const names = path.split('/');
  return (
    names[0] === record &&
    RECORD_TYPES.some(({ name }) => name === record) &&
    names.every((name) => name !== '' && name !== '.' && name !== '..' && !/[\\\0]/.test(name)) &&
    /^(part|compact)-[0-9a-f-]+\.(parquet|ndjson)$/.test(names.at(-1)!)
  );
}

/** The image whose records a part holds: `…/part-4f2c….parquet` → 4f2c…; null for a compacted file. */
export function imageOfPart(path: string): string | null {
  return /\/part-([0-9a-f]+)\.[a-z]+$/.exec(path)?.[1] ?? null;
}
