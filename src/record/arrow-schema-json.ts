import { SCHEMA_VERSION, type Column, type ColumnType, type RecordType } from './schema/record-type.js';
import { METADATA_KEY } from './schema/file-metadata.js';

const ARROW_TYPES: Readonly<Record<ColumnType, object>> = {
  string: { name: 'utf8' },
  bool: { name: 'bool' },
  int32: { name: 'int', bitWidth: 32, isSigned: true },
  uint32: { name: 'int', bitWidth: 32, isSigned: false },
  int64: { name: 'int', bitWidth: 64, isSigned: true },
  float64: { name: 'floatingpoint', precision: 'DOUBLE' },
  timestamp: { name: 'timestamp', unit: 'MILLISECOND', timezone: 'UTC' },
};

function field(column: Column, index: number): object {
  const dictionary = { id: index, indexType: { name: 'int', bitWidth: 32, isSigned: true }, isOrdered: false };
  return {
    name: column.name,
    nullable: column.nullable,
    type: ARROW_TYPES[column.type],
    children: [],
    ...(column.type === 'string' ? { dictionary } : {}),
  };
}

/** The Arrow schema of a record type in the JSON form of Arrow's integration tests, as text. */
export function arrowSchemaText(recordType: RecordType): string {
  const metadata = [
    { key: METADATA_KEY.recordType, value: recordType.name },
    { key: METADATA_KEY.schemaVersion, value: String(SCHEMA_VERSION) },
  ];
  return `${JSON.stringify({ schema: { fields: recordType.columns.map(field), metadata } }, null, 2)}\n`;
}
