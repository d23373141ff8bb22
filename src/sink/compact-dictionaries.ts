import { type Data, makeData, RecordBatch, Struct, Vector, type Dictionary, type Int32, type Utf8 } from 'apache-arrow';
import { utf8Data } from '../record/arrow/column-builder.js';

/**
 * The same batch with each dictionary cut down to the values that its rows use, in one chunk. For consumers that take
 * each batch by itself: the dictionary of a long stream would go along with every batch, and in pieces.
 */
export function compactDictionaries(batch: RecordBatch): RecordBatch {
  const { fields } = batch.schema;
  const children = fields.map((field, index) => {
    const column = batch.data.children[index]!;
    return column.dictionary === undefined ? column : compact(field.type as Dictionary<Utf8, Int32>, column);
  });
  return new RecordBatch(batch.schema, makeData({ type: new Struct(fields), length: batch.numRows, nullCount: 0, children }));
}

function compact(type: Dictionary<Utf8, Int32>, column: Data): Data {
  const dictionary = column.dictionary as Vector<Utf8>;
  if (dictionary.data.length === 1 && dictionary.length <= column.length) return column;
  const before = column.values as Int32Array;
  const indices = new Int32Array(column.length);
  const moved = new Map<number, number>();
  const values: string[] = [];
  for (let row = 0; row < column.length; row++) {
    if (column.nullCount > 0 && !column.getValid(row)) continue;
    let index = moved.get(before[row]!);
    if (index === undefined) {
      index = moved.size;
      moved.set(before[row]!, index);
      values.push(dictionary.get(before[row]!)!);
    }
    indices[row] = index;
  }
  return makeData({
    type, length: column.length, nullCount: column.nullCount, nullBitmap: column.nullBitmap,
    data: indices, dictionary: new Vector([utf8Data(type.dictionary, values)]),
  });
}
