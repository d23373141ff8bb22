import { Binary, type Data, makeData, type Utf8, Vector } from 'apache-arrow';
import type { TextData } from '../columns/column-data.js';

/** Texts as Arrow data, without copying them. */
export function utf8Data(type: Utf8, { length, valueOffsets, values }: TextData): Data<Utf8> {
  return makeData({ type, length, nullCount: 0, valueOffsets, data: values });
}

/** Strings that are UTF-8 already as Arrow data. */
export function utf8DataOfBytes(type: Utf8, strings: readonly Uint8Array[]): Data<Utf8> {
  const offsets = new Int32Array(strings.length + 1);
  strings.forEach((bytes, index) => {
    offsets[index + 1] = offsets[index]! + bytes.length;
  });
  const data = Buffer.concat(strings, offsets[strings.length]!);
  return makeData({ type, length: strings.length, nullCount: 0, valueOffsets: offsets, data });
}

/** Reads strings from UTF-8 data of any number of chunks as bytes, to make other data of them without decoding. */
export function readUtf8Bytes(vector: Vector<Utf8>): (index: number) => Uint8Array | null {
  const bytes = new Vector(vector.data.map((data) => data.clone(new Binary()) as unknown as Data<Binary>));
  return (index) => bytes.get(index);
}
