import { type Data, type Timestamp, TimeUnit, Type, type Utf8, type Vector } from 'apache-arrow';
import { PoolTrackerError } from '../../errors.js';
import type { Column, Value } from '../schema/record-type.js';
import { readUtf8 } from './utf8-data.js';

/**
 * Whether a column's buffers are long enough for its length, its strings lie within its bytes and its indices within
 * their dictionary. Arrow itself does not check any of this.
 */
export function withinBounds(data: Data): boolean {
  return buffersHold(data) && ((data.type.typeId as Type) !== Type.Dictionary || indicesWithin(data));
}

/** The same but for indices, each of which would have to be looked at. */
export function buffersHold(data: Data): boolean {
  const end = data.offset + data.length;
  if (data.nullCount > 0 && ((data.nullBitmap as Uint8Array | undefined) ?? new Uint8Array()).length * 8 < end)
    return false;
  switch (data.type.typeId as Type) {
    case Type.Bool:
      return data.length === 0 || (data.values as Uint8Array).length * 8 >= end;
    case Type.Utf8:
      return offsetsWithin(data);
    default:
      return hasValues(data);
  }
}

function hasValues(data: Data): boolean {
  return data.length === 0 || ((data.values as ArrayLike<unknown> | undefined) ?? []).length >= data.length;
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

/** The value of a column in one row of a batch. */
export type ReadValue = (row: number) => Value;

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
  private texts: string[] = [];
  private chunks: readonly Data[] = [];

  /** @param convert is applied to each string, once for each value of a dictionary */
  constructor(
    private readonly column: Column,
    private readonly convert: (text: string) => string = (text) => text,
  ) {}

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
    const text = readUtf8(data as Data<Utf8>);
    return (row) => this.convert(text(row) as string);
  }

  /** A dictionary that has grown keeps its earlier chunks, so only the new ones are decoded. */
  private dictionaryTexts(dictionary: Vector): readonly string[] {
    const chunks = dictionary.data;
    const grown =
      this.chunks.length > 0 && this.chunks[0] === chunks[0] && this.chunks.at(-1) === chunks[this.chunks.length - 1];
    if (!grown) this.texts = [];
    for (const chunk of grown ? chunks.slice(this.chunks.length) : chunks) {
      if (!withinBounds(chunk)) throw this.damaged('its dictionary is shorter than its length');
      const text = readUtf8(chunk as Data<Utf8>);
      for (let index = 0; index < chunk.length; index++) this.texts.push(this.convert(text(index) as string));
    }
    this.chunks = chunks;
    return this.texts;
  }

  private wrongType(data: Data): PoolTrackerError {
    return this.damaged(`expected ${this.column.type}, found Arrow type ${String(data.type)}`);
  }

  private damaged(what: string): PoolTrackerError {
    return new PoolTrackerError('RECORDS_DAMAGED', `column ${this.column.name}: ${what}`);
  }
}
