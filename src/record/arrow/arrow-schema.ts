import { Bool, Dictionary, Field, Float64, Int32, Int64, Schema, TimestampMillisecond, Uint32, Utf8, type DataType } from 'apache-arrow';
import { fileMetadata } from '../schema/file-metadata.js';
import type { ColumnType, RecordType } from '../schema/record-type.js';

/** @param dictionaryId identifies the dictionary within one schema; the column's index, so that equal schemas compare equal */
function arrowType(type: ColumnType, dictionaryId: number): DataType {
  switch (type) {
    case 'string': return new Dictionary(new Utf8(), new Int32(), dictionaryId);
    case 'bool': return new Bool();
    case 'int32': return new Int32();
    case 'uint32': return new Uint32();
    case 'int64': return new Int64();
    case 'float64': return new Float64();
    case 'timestamp': return new TimestampMillisecond('UTC');
  }
}

const schemas = new WeakMap<RecordType, Schema>();

/** The Arrow schema of a record type; the same object each time, since Arrow's writers start anew when the schema changes. */
export function arrowSchema(recordType: RecordType): Schema {
  const known = schemas.get(recordType);
  if (known !== undefined) return known;
  const fields = recordType.columns.map((column, index) => new Field(column.name, arrowType(column.type, index), column.nullable));
  const schema = new Schema(fields, fileMetadata(recordType));
  schemas.set(recordType, schema);
  return schema;
}
