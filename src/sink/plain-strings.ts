import { Field, makeData, RecordBatch, Schema, Struct, Utf8, type Data, type Vector } from 'apache-arrow';

/**
 * The same batch with its strings written out, not as indices into dictionaries. Parquet makes dictionaries of its own;
 * an Arrow dictionary type in a file's metadata only troubles its readers: pandas cannot unify the dictionaries of
 * several row groups when one of them is empty, and pyarrow's hive partitions clash with it.
 */
export function plainStrings(batch: RecordBatch): RecordBatch {
  const { fields, metadata } = batch.schema;
  const plain = fields.map((field, index) => (batch.data.children[index]!.dictionary === undefined
    ? field
    : new Field(field.name, new Utf8(), field.nullable, field.metadata)));
  const children = plain.map((_, index) => {
    const column = batch.data.children[index]!;
    return column.dictionary === undefined ? column : written(column, column.dictionary as Vector<Utf8>);
  });
  return new RecordBatch(
    new Schema(plain, metadata),
    makeData({ type: new Struct(plain), length: batch.numRows, nullCount: 0, children }),
  );
}

function written(column: Data, dictionary: Vector<Utf8>): Data<Utf8> {
  const indices = column.values as Int32Array;
  const offsets = new Int32Array(column.length + 1);
  const texts = new Map<number, Buffer>();
  const parts: Buffer[] = [];
  let end = 0;
  for (let row = 0; row < column.length; row++) {
    if (column.nullCount === 0 || column.getValid(row)) {
      const index = indices[row]!;
      let text = texts.get(index);
      if (text === undefined) {
        text = Buffer.from(dictionary.get(index)!, 'utf8');
        texts.set(index, text);
      }
      parts.push(text);
      end += text.length;
    }
    offsets[row + 1] = end;
  }
  return makeData({
    type: new Utf8(), length: column.length, nullCount: column.nullCount, nullBitmap: column.nullBitmap,
    valueOffsets: offsets, data: Buffer.concat(parts, end),
  });
}
