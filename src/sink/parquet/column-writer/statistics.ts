import type { Statistics } from './format-types.js';
import type { ColumnType } from '../../../record/schema/record-type.js';
import type { Words } from './numbers.js';
import type { Texts } from './texts.js';

/** Least and greatest value, both exact or both left out. */
export type Bounds = Pick<Statistics, 'min_value' | 'max_value'>;

/** Bytes; of longer texts none are given, rather than ones that are cut. */
const MAX_TEXT = 256;

/** Bounds in the order of bytes, which is that of Parquet. */
export function textBounds({ keys, bytes }: Texts): Bounds {
  if (keys.length === 0) return {};
  let min = 0;
  let max = 0;
  for (let index = 1; index < keys.length; index++) {
    if (keys[index]! < keys[min]!) min = index;
    if (keys[index]! > keys[max]!) max = index;
  }
  const [least, greatest] = [bytes[min]!, bytes[max]!];
  return least.length > MAX_TEXT || greatest.length > MAX_TEXT ? {} : { min_value: least, max_value: greatest };
}

/** @param set how many of the values are true */
export function boolBounds(values: number, set: number): Bounds {
  return values === 0 ? {} : { min_value: set === values, max_value: set > 0 };
}

/** Bounds of numbers, those without a sign as what they are. */
export function numberBounds(type: ColumnType, { words }: Words): Bounds {
  if (words.length === 0) return {};
  if (type === 'float64') return doubleBounds(new Float64Array(words.buffer, words.byteOffset, words.length / 2));
  if (type === 'int64' || type === 'timestamp') return longBounds(words);
  const values = type === 'uint32' ? new Uint32Array(words.buffer, words.byteOffset, words.length) : words;
  let min = values[0]!;
  let max = min;
  for (const value of values) {
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  return { min_value: min, max_value: max };
}

/** By halves: a bigint for each value would take most of the time. */
function longBounds(words: Int32Array): Bounds {
  let min = 0;
  let max = 0;
  const isLess = (a: number, b: number): boolean =>
    words[a + 1]! < words[b + 1]! || (words[a + 1] === words[b + 1] && words[a]! >>> 0 < words[b]! >>> 0);
  for (let at = 2; at < words.length; at += 2) {
    if (isLess(at, min)) min = at;
    else if (isLess(max, at)) max = at;
  }
  const value = (at: number): bigint => (BigInt(words[at + 1]!) << 32n) | BigInt(words[at]! >>> 0);
  return { min_value: value(min), max_value: value(max) };
}

/** None where there is a NaN, which has no order; zeros count as both. */
function doubleBounds(values: Float64Array): Bounds {
  let min = values[0]!;
  let max = min;
  for (const value of values) {
    if (Number.isNaN(value)) return {};
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
}
