import type { AvroSchema } from './avro-file.js';
import { type IcebergField, type IcebergType, partitionType, type PartitionSpec } from './schema.js';

/*
 * The Avro schemas of manifests and manifest lists. Source: the Iceberg table spec, version 2 ("Manifests", "Manifest
 * Lists"); what is optional there and never written here is left out.
 */

type Field = Readonly<Record<string, unknown>>;

const field = (id: number, name: string, type: unknown): Field => ({ name, type, 'field-id': id });
const optional = (id: number, name: string, type: unknown): Field => ({
  name,
  type: ['null', type],
  default: null,
  'field-id': id,
});

/** A map whose keys are field ids: Avro's own have texts for keys. */
const mapById = (keyId: number, valueId: number, value: string): object => ({
  type: 'array',
  items: {
    type: 'record',
    name: `k${keyId}_v${valueId}`,
    fields: [field(keyId, 'key', 'int'), field(valueId, 'value', value)],
  },
  logicalType: 'map',
});

const AVRO_TYPES: Readonly<Record<IcebergType, unknown>> = {
  string: 'string',
  boolean: 'boolean',
  int: 'int',
  long: 'long',
  double: 'double',
  timestamptz: { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true },
  date: { type: 'int', logicalType: 'date' },
};

export const MANIFEST_LIST_SCHEMA: AvroSchema = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field(500, 'manifest_path', 'string'),
    field(501, 'manifest_length', 'long'),
    field(502, 'partition_spec_id', 'int'),
    field(517, 'content', 'int'),
    field(515, 'sequence_number', 'long'),
    field(516, 'min_sequence_number', 'long'),
    field(503, 'added_snapshot_id', 'long'),
    field(504, 'added_files_count', 'int'),
    field(505, 'existing_files_count', 'int'),
    field(506, 'deleted_files_count', 'int'),
    field(512, 'added_rows_count', 'long'),
    field(513, 'existing_rows_count', 'long'),
    field(514, 'deleted_rows_count', 'long'),
    optional(507, 'partitions', {
      type: 'array',
      items: {
        type: 'record',
        name: 'r508',
        fields: [
          field(509, 'contains_null', 'boolean'),
          optional(518, 'contains_nan', 'boolean'),
          optional(510, 'lower_bound', 'bytes'),
          optional(511, 'upper_bound', 'bytes'),
        ],
      },
      'element-id': 508,
    }),
  ],
};

/** The schema of a manifest, whose files lie in folders of certain keys. */
export function manifestSchema(spec: PartitionSpec, columns: readonly IcebergField[]): AvroSchema {
  return {
    type: 'record',
    name: 'manifest_entry',
    fields: [
      field(0, 'status', 'int'),
      optional(1, 'snapshot_id', 'long'),
      optional(3, 'sequence_number', 'long'),
      optional(4, 'file_sequence_number', 'long'),
      field(2, 'data_file', {
        type: 'record',
        name: 'r2',
        fields: [
          field(134, 'content', 'int'),
          field(100, 'file_path', 'string'),
          field(101, 'file_format', 'string'),
          field(102, 'partition', {
            type: 'record',
            name: 'r102',
            fields: spec.fields.map((key) =>
              optional(key['field-id'], key.name, AVRO_TYPES[partitionType(key, columns)]),
            ),
          }),
          field(103, 'record_count', 'long'),
          field(104, 'file_size_in_bytes', 'long'),
          optional(109, 'value_counts', mapById(119, 120, 'long')),
          optional(110, 'null_value_counts', mapById(121, 122, 'long')),
          optional(125, 'lower_bounds', mapById(126, 127, 'bytes')),
          optional(128, 'upper_bounds', mapById(129, 130, 'bytes')),
          optional(140, 'sort_order_id', 'int'),
        ],
      }),
    ],
  };
}
