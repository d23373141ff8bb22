import type { SchemaElement } from './format-types.js';
import { columnIds } from '../../../record/schema/record-types.js';
import type { Column, ColumnType, RecordType } from '../../../record/schema/record-type.js';

type Leaf = Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'>;

const LEAVES: Readonly<Record<ColumnType, Leaf>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  bool: { type: 'BOOLEAN' },
  int32: { type: 'INT32' },
  // hyparquet-writer would write the width of the logical type as a number of another kind; the older name means the same.
  uint32: { type: 'INT32', converted_type: 'UINT_32' },
  int64: { type: 'INT64' },
  float64: { type: 'DOUBLE' },
  // An instant: what is not adjusted to UTC would be the time of some clock.
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
};

/** A column as a Parquet file describes it. */
function schemaElement({ name, type, nullable }: Column): SchemaElement {
  return { name, ...LEAVES[type], repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' };
}

/** The schema of a Parquet file: its root, then its columns, with their ids where they are those of records. */
export function fileSchema(recordType: RecordType): SchemaElement[] {
  const { columns } = recordType;
  const ids = columnIds(recordType);
  return [
    { name: 'schema', num_children: columns.length },
    ...columns.map((column) => {
      const id = ids.get(column.name);
      return { ...schemaElement(column), ...(id === undefined ? {} : { field_id: id }) };
    }),
  ];
}
