import type { ColumnData, TextData } from './column-data.js';

/*
 * Arrow does not check whether arrays are as long as what is said of them. These do, for data that come from elsewhere.
 */

/** Whether the bitmap of nulls reaches all rows. */
function bitmapHolds({ nullCount, nullBitmap, offset, length }: ColumnData): boolean {
  return nullCount === 0 || (nullBitmap ?? []).length * 8 >= offset + length;
}

/** Whether the bits of booleans reach all rows. */
function bitsHold({ values, offset, length }: ColumnData): boolean {
  return length === 0 || values.length * 8 >= offset + length;
}

/** Whether there is a value for each row. */
function valuesHold({ values, length }: ColumnData): boolean {
  return length === 0 || ((values as ArrayLike<unknown> | undefined) ?? []).length >= length;
}

/** Of Arrow's `Type`: who has a record batch has loaded its library, others need not. */
export const TYPE = { int: 2, float: 3, utf8: 5, bool: 6, timestamp: 10, dictionary: -1 } as const;

/** Whether there is what a value of each row needs, the bitmap of nulls included. @param typeId one of Arrow's `Type` */
export function dataHold(typeId: number, data: ColumnData): boolean {
  if (!bitmapHolds(data)) return false;
  if (typeId === TYPE.bool) return bitsHold(data);
  return typeId === TYPE.utf8 ? textsHold(data as unknown as TextData) : valuesHold(data);
}

/** Whether all texts lie within their bytes. */
export function textsHold({ length, valueOffsets, values }: TextData): boolean {
  if (length === 0) return true;
  if (valueOffsets.length < length + 1 || valueOffsets[0]! < 0) return false;
  for (let index = 0; index < length; index++) if (valueOffsets[index + 1]! < valueOffsets[index]!) return false;
  return valueOffsets[length]! <= values.length;
}
