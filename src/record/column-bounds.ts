import { Type, type Data } from 'apache-arrow';

/**
 * Whether a column's buffers are as long as its length needs, its text lies within its bytes and its indices within
 * their dictionary. Arrow takes all of these as a file has them.
 */
export function withinBounds(data: Data): boolean {
  const end = data.offset + data.length;
  if (data.nullCount > 0 && (data.nullBitmap as Uint8Array | undefined ?? new Uint8Array()).length * 8 < end) return false;
  switch (data.type.typeId as Type) {
    case Type.Bool: return data.length === 0 || (data.values as Uint8Array).length * 8 >= end;
    case Type.Utf8: return offsetsWithin(data);
    case Type.Dictionary: return hasValues(data) && indicesWithin(data);
    default: return hasValues(data);
  }
}

function hasValues(data: Data): boolean {
  return data.length === 0 || (data.values as ArrayLike<unknown> | undefined ?? []).length >= data.length;
}

function offsetsWithin(data: Data): boolean {
  if (data.length === 0) return true;
  const offsets = data.valueOffsets as Int32Array;
  if (offsets.length < data.length + 1 || offsets[0]! < 0) return false;
  for (let index = 0; index < data.length; index++) if (offsets[index + 1]! < offsets[index]!) return false;
  return offsets[data.length]! <= (data.values as Uint8Array).length;
}

function indicesWithin(data: Data): boolean {
  const indices = data.values as Int32Array;
  const { length } = data.dictionary!;
  for (let row = 0; row < data.length; row++) {
    if ((indices[row]! < 0 || indices[row]! >= length) && data.getValid(row)) return false;
  }
  return true;
}
