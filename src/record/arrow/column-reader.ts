import { type Data, type Timestamp, TimeUnit, Type, type Vector } from 'apache-arrow';
import { PoolTrackerError } from '../../errors.js';
import { dataHold } from '../columns/bounds.js';
import type { ColumnData, TextData } from '../columns/column-data.js';
import { DictionaryTexts, type ReadValue, textAt } from '../columns/column-values.js';
import type { Column } from '../schema/record-type.js';

/**
 * Whether a column's buffers are long enough for its length, its strings lie within its bytes and its indices within
 * their dictionary. Arrow itself does not check any of this.
 */
export function withinBounds(data: Data): boolean {
  const kind = data.type.typeId as Type;
  return dataHold(kind, data as unknown as ColumnData) && (kind !== Type.Dictionary || indicesWithin(data));
}

function indicesWithin(data: Data): boolean {
  const indices = data.values as Int32Array;
  const { length } = data.dictionary!;
  for (let row = 0; row < data.length; row++) {
    if ((indices[row]! < 0 || indices[row]! >= length) && data.getValid(row)) return false;
  }
  return true;
}

/** How many units of a timestamp are one millisecond; seconds are multiplied instead. */
const UNITS_PER_MILLISECOND = {
  [TimeUnit.MILLISECOND]: 1n,
  [TimeUnit.MICROSECOND]: 1000n,
  [TimeUnit.NANOSECOND]: 1_000_000n,
} as const;

/**
 * Reads one column from a series of batches. Besides the types of our own schema it accepts what other writers make of
 * the same columns: integers of another width, strings without a dictionary, timestamps in other units (truncated to
 * milliseconds).
 */
export class ColumnReader {
  private readonly texts = new DictionaryTexts((text) => text);
  private readonly checked = new WeakSet<Data>();

  constructor(private readonly column: Column) {}

  /**
   * @throws PoolTrackerError RECORDS_DAMAGED when the data have a type that does not fit the column, or are cut short
   */
  open(data: Data): ReadValue {
    if (!withinBounds(data)) throw this.damaged('its buffers are shorter than its length');
    const read = this.openValues(data);
    return data.nullCount === 0 ? read : (row) => (data.getValid(row) ? read(row) : null);
  }

  private openValues(data: Data): ReadValue {
    const kind = data.type.typeId as Type;
    const { type } = this.column;
    if (type === 'string') return this.openStrings(data, kind);
    if (type === 'bool' && kind === Type.Bool) {
      const bits = data.values as Uint8Array;
      return (row) => (bits[(data.offset + row) >> 3]! & (1 << ((data.offset + row) & 7))) !== 0;
    }
    if (kind === Type.Int && (type === 'int32' || type === 'uint32' || type === 'int64')) {
      const values = data.values as ArrayLike<number> | ArrayLike<bigint>;
      if (type === 'int64')
        return values instanceof BigInt64Array ? (row) => values[row]! : (row) => BigInt(values[row]!);
      return (row) => Number(values[row]!);
    }
    if (kind === Type.Float && type === 'float64') {
      const values = data.values as ArrayLike<number>;
      return (row) => values[row]!;
    }
    if (kind === Type.Timestamp && type === 'timestamp') {
      const values = data.values as BigInt64Array;
      const { unit } = data.type as Timestamp;
      if (unit === TimeUnit.SECOND) return (row) => Number(values[row]!) * 1000;
      const divisor = UNITS_PER_MILLISECOND[unit];
      return (row) => Number(values[row]! / divisor);
    }
    throw this.wrongType(data);
  }

  private openStrings(data: Data, kind: Type): ReadValue {
    if (kind === Type.Dictionary) {
      const dictionary = data.dictionary!;
      if ((dictionary.type.typeId as Type) !== Type.Utf8) throw this.wrongType(data);
      const texts = this.dictionaryTexts(dictionary);
      const indices = data.values as ArrayLike<number>;
      return (row) => texts[indices[row]!]!;
    }
    if (kind !== Type.Utf8) throw this.wrongType(data);
    return (row) => textAt(data as unknown as TextData, row);
  }

  private dictionaryTexts(dictionary: Vector): readonly string[] {
    for (const chunk of dictionary.data) {
      if (this.checked.has(chunk)) continue;
      if (!withinBounds(chunk)) throw this.damaged('its dictionary is shorter than its length');
      this.checked.add(chunk);
    }
    return this.texts.of(dictionary.data as unknown as readonly TextData[]);
  }

  private wrongType(data: Data): PoolTrackerError {
    return this.damaged(`expected ${this.column.type}, found Arrow type ${String(data.type)}`);
  }

  private damaged(what: string): PoolTrackerError {
    return new PoolTrackerError('RECORDS_DAMAGED', `column ${this.column.name}: ${what}`);
  }
}
