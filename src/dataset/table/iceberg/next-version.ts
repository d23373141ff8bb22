import { randomBytes, randomUUID } from 'node:crypto';
import { FIRST_FOLDER_FIELD_ID } from '../../../record/schema/field-ids.js';
import type { RecordType } from '../../../record/schema/record-type.js';
import { FORMAT_VERSION, type IcebergMetadata, type IcebergSnapshot, schemaOf, specOf } from './metadata.js';
import { fieldsOf, type IcebergSchema, nameMapping, type PartitionSpec, sameFields, sourceOf } from './schema.js';

/** Versions of the metadata that stay beside the last one, for readers that are at it. */
export const MAX_PREVIOUS = 20;

/** Partition fields are numbered from here on, as other writers do it. */
const FIRST_PARTITION_ID = 1000;

/** Ids that every reader of JSON has exactly. */
export function newSnapshotId(): number {
  return Number(BigInt(`0x${randomBytes(8).toString('hex')}`) >> 12n) + 1;
}

/** The metadata of a table without files. */
export function firstMetadata(location: string): IcebergMetadata {
  return {
    'format-version': FORMAT_VERSION,
    'table-uuid': randomUUID(),
    location,
    'last-sequence-number': 0,
    'last-updated-ms': Date.now(),
    'last-column-id': 0,
    'current-schema-id': 0,
    schemas: [{ type: 'struct', 'schema-id': 0, fields: [] }],
    'default-spec-id': 0,
    'partition-specs': [{ 'spec-id': 0, fields: [] }],
    'last-partition-id': FIRST_PARTITION_ID - 1,
    'default-sort-order-id': 0,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    properties: {},
    'current-snapshot-id': -1,
    refs: {},
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
  };
}

/**
 * The same with the columns of now, and a partition spec of those keys of folders; the same object where it has both.
 * @param isDefault whether these are the keys that count from now on
 */
export function withColumns(
  metadata: IcebergMetadata,
  recordType: RecordType,
  keys: readonly string[],
  isDefault: boolean,
): IcebergMetadata {
  const before = schemaOf(metadata);
  const fields = fieldsOf(recordType, keys, before.fields);
  let next = metadata;
  if (!sameFields(fields, before.fields)) {
    const isFirst = before.fields.length === 0 && metadata.schemas.length === 1;
    const id = isFirst ? 0 : Math.max(...metadata.schemas.map((schema) => schema['schema-id'])) + 1;
    const schema: IcebergSchema = { type: 'struct', 'schema-id': id, fields };
    next = {
      ...metadata,
      schemas: isFirst ? [schema] : [...metadata.schemas, schema],
      'current-schema-id': id,
      'last-column-id': Math.max(metadata['last-column-id'], ...fields.map((field) => field.id)),
      properties: propertiesOf(schema),
    };
  }
  const spec = specNamed(next, keys);
  if (spec === undefined) next = withSpec(next, keys);
  const { 'spec-id': id } = specNamed(next, keys)!;
  return isDefault && next['default-spec-id'] !== id ? { ...next, 'default-spec-id': id } : next;
}

/** The partition spec of these keys; undefined where there is none yet. */
export function specNamed(metadata: IcebergMetadata, keys: readonly string[]): PartitionSpec | undefined {
  return metadata['partition-specs'].find(({ fields }) => fields.map(({ name }) => name).join() === keys.join());
}

function withSpec(metadata: IcebergMetadata, keys: readonly string[]): IcebergMetadata {
  const known = metadata['partition-specs'].flatMap(({ fields }) => fields);
  let last = metadata['last-partition-id'];
  const fields = keys.map((name) => {
    const source = schemaOf(metadata).fields.find((field) => field.name === sourceOf(name))!;
    // The same key has the same id in every spec.
    const same = known.find((field) => field['source-id'] === source.id);
    const transform = name === 'date' ? ('day' as const) : ('identity' as const);
    return same ?? { name, transform, 'source-id': source.id, 'field-id': ++last };
  });
  // The empty spec that a table begins with is never used when it has keys.
  const unused = metadata.snapshots.length === 0 && metadata['partition-specs'].length === 1 && known.length === 0;
  const id = unused ? 0 : Math.max(...metadata['partition-specs'].map((spec) => spec['spec-id'])) + 1;
  const spec: PartitionSpec = { 'spec-id': id, fields };
  return {
    ...metadata,
    'partition-specs': unused ? [spec] : [...metadata['partition-specs'], spec],
    'last-partition-id': last,
  };
}

function propertiesOf({ fields }: IcebergSchema): Record<string, string> {
  return {
    'schema.name-mapping.default': nameMapping(fields.filter(({ id }) => id < FIRST_FOLDER_FIELD_ID)),
    'write.metadata.delete-after-commit.enabled': 'true',
    'write.metadata.previous-versions-max': String(MAX_PREVIOUS),
    // Files are removed by vacuum, which asks the journal: no engine may.
    'gc.enabled': 'false',
  };
}

/**
 * The keys that count, of those that a process knows: keys are only ever left out, so it may know more.
 * @param metadata null where there is no table yet
 */
export function keptKeys(metadata: IcebergMetadata | null, partition: readonly string[]): readonly string[] {
  if (metadata === null) return partition;
  const counting = specOf(metadata).fields.map(({ name }) => name);
  return partition.filter((key) => counting.includes(key));
}

/** The metadata with a further snapshot, which is the current one. */
export function withSnapshot(metadata: IcebergMetadata, snapshot: IcebergSnapshot): IcebergMetadata {
  const id = snapshot['snapshot-id'];
  return {
    ...metadata,
    'last-sequence-number': snapshot['sequence-number'],
    'current-snapshot-id': id,
    refs: { main: { 'snapshot-id': id, type: 'branch' } },
    snapshots: [...metadata.snapshots, snapshot],
    'snapshot-log': [...metadata['snapshot-log'], { 'timestamp-ms': snapshot['timestamp-ms'], 'snapshot-id': id }],
  };
}

/**
 * The same as the version that follows another.
 * @param at milliseconds since 1970 UTC
 * @param previous the file of the other, and when that was written; null for the first version
 */
export function asNextVersion(
  metadata: IcebergMetadata,
  at: number,
  previous: { readonly file: string; readonly at: number } | null,
): IcebergMetadata {
  const log = metadata['metadata-log'];
  return {
    ...metadata,
    'last-updated-ms': at,
    'metadata-log':
      previous === null
        ? []
        : [...log, { 'timestamp-ms': previous.at, 'metadata-file': previous.file }].slice(-MAX_PREVIOUS),
  };
}
