import { type Data, Field, makeData, RecordBatch, Schema, Struct, Utf8, type Vector } from 'apache-arrow';
import { readUtf8Bytes } from './utf8-data.js';

const plain = new WeakMap<Schema, Schema>();

/** A schema with plain strings in place of dictionaries; of one schema always the same object. */
export function plainSchema(schema: Schema): Schema {
  const known = plain.get(schema);
  if (known !== undefined) return known;
  const fields = schema.fields.map((field) =>
    'dictionary' in field.type ? new Field(field.name, new Utf8(), field.nullable, field.metadata) : field,
  );
  const made = new Schema(fields, schema.metadata);
  plain.set(schema, made);
  return made;
}

/** The same batch with plain strings in place of indices into dictionaries, for readers that have trouble with those. */
export function plainStrings(batch: RecordBatch): RecordBatch {
  const schema = plainSchema(batch.schema);
  const children = batch.data.children.map((column) =>
    column.dictionary === undefined ? column : written(column, column.dictionary as Vector<Utf8>),
  );
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: batch.numRows, nullCount: 0, children }),
  );
}

function written(column: Data, dictionary: Vector<Utf8>): Data<Utf8> {
  const indices = column.values as Int32Array;
  const offsets = new Int32Array(column.length + 1);
  const bytes = readUtf8Bytes(dictionary);
  const texts = new Map<number, Uint8Array>();
  const parts: Uint8Array[] = [];
  let end = 0;
  for (let row = 0; row < column.length; row++) {
    if (column.nullCount === 0 || column.getValid(row)) {
      const index = indices[row]!;
      let text = texts.get(index);
      if (text === undefined) {
        text = bytes(index)!;
        texts.set(index, text);
      }
      parts.push(text);
      end += text.length;
    }
    offsets[row + 1] = end;
  }
  return makeData({
    type: new Utf8(),
    length: column.length,
    nullCount: column.nullCount,
    nullBitmap: column.nullBitmap,
    valueOffsets: offsets,
    data: Buffer.concat(parts, end),
  });
}
