import { PoolTrackerError } from '../../../errors.js';
import type { IcebergSchema, PartitionSpec } from './schema.js';

/*
 * The metadata of a table, one JSON file a version. Source: the Iceberg table spec, version 2 ("Table Metadata").
 */

export const FORMAT_VERSION = 2;

/** A version of the table's files. */
export interface IcebergSnapshot {
  readonly 'snapshot-id': number;
  readonly 'parent-snapshot-id'?: number;
  readonly 'sequence-number': number;
  readonly 'timestamp-ms': number;
  /** Where its manifest list is. */
  readonly 'manifest-list': string;
  /** All values are texts; `operation` is what it did. */
  readonly summary: Readonly<Record<string, string>>;
  readonly 'schema-id': number;
}

/** What a version of the metadata says, as far as this program writes it. */
export interface IcebergMetadata {
  readonly 'format-version': typeof FORMAT_VERSION;
  readonly 'table-uuid': string;
  readonly location: string;
  readonly 'last-sequence-number': number;
  readonly 'last-updated-ms': number;
  readonly 'last-column-id': number;
  readonly 'current-schema-id': number;
  readonly schemas: readonly IcebergSchema[];
  readonly 'default-spec-id': number;
  readonly 'partition-specs': readonly PartitionSpec[];
  readonly 'last-partition-id': number;
  readonly 'default-sort-order-id': 0;
  readonly 'sort-orders': readonly object[];
  readonly properties: Readonly<Record<string, string>>;
  /** -1 where there is none yet. */
  readonly 'current-snapshot-id': number;
  readonly refs: Readonly<Record<string, object>>;
  readonly snapshots: readonly IcebergSnapshot[];
  readonly 'snapshot-log': readonly { readonly 'timestamp-ms': number; readonly 'snapshot-id': number }[];
  readonly 'metadata-log': readonly { readonly 'timestamp-ms': number; readonly 'metadata-file': string }[];
}

export function damaged(where: string, found: string): PoolTrackerError {
  return new PoolTrackerError(
    'RECORDS_DAMAGED',
    `${where}: expected metadata of an Iceberg table as pool-tracker writes it, found ${found}`,
    { hint: 'pool-tracker table rebuild DATASET makes it anew from the files' },
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';
const areAll = (value: unknown, holds: (one: Readonly<Record<string, unknown>>) => boolean): boolean =>
  Array.isArray(value) && value.every((one) => isObject(one) && holds(one));

/** What has to hold of each member; ids above 2^53, as other programs give them, would not be read exactly. */
const CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  'format-version': (value) => value === FORMAT_VERSION,
  'table-uuid': isText,
  location: isText,
  'last-sequence-number': isCount,
  'last-updated-ms': isCount,
  'last-column-id': isCount,
  'last-partition-id': isCount,
  'current-schema-id': isCount,
  'default-spec-id': isCount,
  'current-snapshot-id': (value) => value === -1 || isCount(value),
  properties: (value) => isObject(value) && Object.values(value).every(isText),
  schemas: (value) =>
    areAll(
      value,
      (schema) =>
        isCount(schema['schema-id']) &&
        areAll(schema['fields'], ({ id, name, type }) => isCount(id) && isText(name) && isText(type)),
    ),
  'partition-specs': (value) =>
    areAll(
      value,
      (spec) =>
        isCount(spec['spec-id']) &&
        areAll(
          spec['fields'],
          (one) =>
            // They become names in Avro schemas, of which code is made.
            isText(one['name']) &&
            /^[a-z_][a-z0-9_]*$/.test(one['name']) &&
            isCount(one['field-id']) &&
            isCount(one['source-id']) &&
            (one['transform'] === 'identity' || one['transform'] === 'day'),
        ),
    ),
  snapshots: (value) =>
    areAll(
      value,
      (snapshot) =>
        isCount(snapshot['snapshot-id']) &&
        isCount(snapshot['sequence-number']) &&
        isCount(snapshot['timestamp-ms']) &&
        isText(snapshot['manifest-list']) &&
        isObject(snapshot['summary']),
    ),
  'snapshot-log': (value) => areAll(value, (one) => isCount(one['snapshot-id']) && isCount(one['timestamp-ms'])),
  'metadata-log': (value) => areAll(value, (one) => isText(one['metadata-file'])),
};

/**
 * @param where the name of its file, for messages
 * @param location where the table is, which is where the metadata has to say that it is
 * @throws PoolTrackerError RECORDS_DAMAGED
 */
export function parsedMetadata(text: string, where: string, location: string): IcebergMetadata {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw damaged(where, 'no JSON');
  }
  if (!isObject(found)) throw damaged(where, 'no JSON object');
  for (const [name, holds] of Object.entries(CHECKS))
    if (!holds(found[name])) throw damaged(where, `${name} ${JSON.stringify(found[name])?.slice(0, 80) ?? 'missing'}`);
  const metadata = found as unknown as IcebergMetadata;
  if (metadata.location !== location)
    throw new PoolTrackerError(
      'RECORDS_DAMAGED',
      `${where}: expected an Iceberg table at ${location}, found one of ${metadata.location}`,
      {
        hint: 'its metadata names files by their full paths; after a dataset was moved or copied, pool-tracker table rebuild DATASET makes it anew',
      },
    );
  const current = metadata['current-snapshot-id'];
  if (current !== -1 && metadata.snapshots.every((snapshot) => snapshot['snapshot-id'] !== current))
    throw damaged(where, `no snapshot ${current}, which is the current one`);
  if (currentOf(metadata.schemas, 'schema-id', metadata['current-schema-id']) === undefined)
    throw damaged(where, `no schema ${metadata['current-schema-id']}, which is the current one`);
  if (currentOf(metadata['partition-specs'], 'spec-id', metadata['default-spec-id']) === undefined)
    throw damaged(where, `no partition spec ${metadata['default-spec-id']}, which is the current one`);
  return metadata;
}

function currentOf<Key extends string, One extends Readonly<Record<Key, unknown>>>(
  list: readonly One[],
  key: Key,
  id: number,
): One | undefined {
  return list.find((one) => one[key] === id);
}

/** The columns of now. */
export function schemaOf(metadata: IcebergMetadata): IcebergSchema {
  return currentOf(metadata.schemas, 'schema-id', metadata['current-schema-id'])!;
}

/** The folder keys of now. */
export function specOf(metadata: IcebergMetadata): PartitionSpec {
  return currentOf(metadata['partition-specs'], 'spec-id', metadata['default-spec-id'])!;
}

/** The snapshot of now; undefined where there is none yet. */
export function snapshotOf(metadata: IcebergMetadata): IcebergSnapshot | undefined {
  return currentOf(metadata.snapshots, 'snapshot-id', metadata['current-snapshot-id']);
}
