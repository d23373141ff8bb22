import { Binary, type Data, makeData, type Utf8, Vector } from 'apache-arrow';

/** Strings as Arrow data. A lone surrogate becomes U+FFFD, since UTF-8 has no form for it. */
export function utf8Data(type: Utf8, strings: readonly string[]): Data<Utf8> {
  return utf8DataOfBytes(
    type,
    strings.map((text) => Buffer.from(text, 'utf8')),
  );
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

/**
 * Reads strings out of UTF-8 data that lie within their bounds; null where a value is null. Arrow's own `get` takes a
 * U+FEFF at the beginning of a string for a byte order mark and drops it, but here it is part of the string.
 */
export function readUtf8(data: Data<Utf8>): (index: number) => string | null {
  const { buffer, byteOffset, byteLength } = data.values as Uint8Array;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const offsets = data.valueOffsets;
  const text = (index: number): string => bytes.toString('utf8', offsets[index]!, offsets[index + 1]!);
  return data.nullCount === 0 ? text : (index) => (data.getValid(index) ? text(index) : null);
}

/** Reads strings from UTF-8 data of any number of chunks as bytes, to make other data of them without decoding. */
export function readUtf8Bytes(vector: Vector<Utf8>): (index: number) => Uint8Array | null {
  const bytes = new Vector(vector.data.map((data) => data.clone(new Binary()) as unknown as Data<Binary>));
  return (index) => bytes.get(index);
}
