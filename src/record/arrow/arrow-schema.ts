import {
  Bool,
  type DataType,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  Schema,
  TimestampMillisecond,
  Uint32,
  Utf8,
} from 'apache-arrow';
import { fileMetadata, METADATA_KEY } from '../schema/file-metadata.js';
import { type Column, type ColumnType, type RecordType, SCHEMA_VERSION } from '../schema/record-type.js';

/**
 * @param dictionaryId identifies the dictionary within a schema: the index of the column, so that equal schemas compare
 * equal
 */
function arrowType(type: ColumnType, dictionaryId: number): DataType {
  switch (type) {
    case 'string':
      return new Dictionary(new Utf8(), new Int32(), dictionaryId);
    case 'bool':
      return new Bool();
    case 'int32':
      return new Int32();
    case 'uint32':
      return new Uint32();
    case 'int64':
      return new Int64();
    case 'float64':
      return new Float64();
    case 'timestamp':
      return new TimestampMillisecond('UTC');
  }
}

const schemas = new WeakMap<RecordType, Schema>();

/**
 * The Arrow schema of a record type; always the same object, since Arrow's writers start a new stream when the schema
 * changes.
 */
export function arrowSchema(recordType: RecordType): Schema {
  const known = schemas.get(recordType);
  if (known !== undefined) return known;
  const fields = recordType.columns.map(
    (column, index) => new Field(column.name, arrowType(column.type, index), column.nullable),
  );
  const schema = new Schema(fields, fileMetadata(recordType));
  schemas.set(recordType, schema);
  return schema;
}

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
