import { Bool, BufferType, Data, type DataType, type Dictionary, type Int32, type Utf8, Vector } from 'apache-arrow';
import type { Column, Value } from '../schema/record-type.js';
import { utf8Data } from './utf8-data.js';

/** Which rows of a column are not null: one bit per row, least significant bit first, in Arrow's layout. */
export class ValidityBitmap {
  private readonly bits: Uint8Array;
  nullCount = 0;

  /** @param capacity in rows */
  constructor(capacity: number) {
    this.bits = new Uint8Array(Math.ceil(capacity / 8));
  }

  setValid(row: number): void {
    this.bits[row >> 3]! |= 1 << (row & 7);
  }

  setNull(): void {
    this.nullCount++;
  }

  /** A copy of the bits of the first `rows` rows, null when no row is null; empties the bitmap. */
  take(rows: number): Uint8Array | null {
    const taken = this.nullCount === 0 ? null : this.bits.slice(0, Math.ceil(rows / 8));
    this.bits.fill(0);
    this.nullCount = 0;
    return taken;
  }
}

/** Fills one column of record batches, value by value. Values have been checked. */
export abstract class ColumnBuilder {
  private readonly validity: ValidityBitmap;

  /** @param capacity of one batch, in rows */
  constructor(
    protected readonly type: DataType,
    capacity: number,
  ) {
    this.validity = new ValidityBitmap(capacity);
  }

  set(row: number, value: Value): void {
    if (value === null) {
      this.validity.setNull();
      return;
    }
    this.validity.setValid(row);
    this.store(row, value);
  }

  /** The first `rows` rows as Arrow data; the builder is empty afterwards. */
  take(rows: number): Data {
    const { nullCount } = this.validity;
    const buffers = {
      [BufferType.DATA]: this.takeValues(rows),
      [BufferType.VALIDITY]: this.validity.take(rows) ?? undefined,
    };
    return new Data(this.type, 0, rows, nullCount, buffers as never, [], this.dictionary());
  }

  protected abstract store(row: number, value: NonNullable<Value>): void;
  protected abstract takeValues(rows: number): ArrayBufferView;
  protected dictionary(): Vector | undefined {
    return undefined;
  }
}

class FixedWidthColumn<Element extends number | bigint> extends ColumnBuilder {
  constructor(
    type: DataType,
    private readonly values: {
      [row: number]: Element;
      length: number;
      slice(start: number, end: number): ArrayBufferView;
    },
    private readonly element: (value: NonNullable<Value>) => Element,
  ) {
    super(type, values.length);
  }

  protected override store(row: number, value: NonNullable<Value>): void {
    this.values[row] = this.element(value);
  }

  protected override takeValues(rows: number): ArrayBufferView {
    return this.values.slice(0, rows);
  }
}

class BoolColumn extends ColumnBuilder {
  private readonly bits: Uint8Array;

  constructor(capacity: number) {
    super(new Bool(), capacity);
    this.bits = new Uint8Array(Math.ceil(capacity / 8));
  }

  protected override store(row: number, value: NonNullable<Value>): void {
    if (value === true) this.bits[row >> 3]! |= 1 << (row & 7);
  }

  protected override takeValues(rows: number): Uint8Array {
    const taken = this.bits.slice(0, Math.ceil(rows / 8));
    this.bits.fill(0);
    return taken;
  }
}

/**
 * A dictionary that only grows: each batch adds its new values as one more chunk. The earlier chunks stay the same
 * objects, by which Arrow's writers recognise a delta, the only change that the IPC file format allows.
 */
class StringColumn extends ColumnBuilder {
  private readonly indices: Int32Array;
  private readonly known = new Map<string, number>();
  private fresh: string[] = [];
  private values: Vector<Utf8> | undefined;

  constructor(
    private readonly dictionaryType: Dictionary<Utf8, Int32>,
    capacity: number,
  ) {
    super(dictionaryType, capacity);
    this.indices = new Int32Array(capacity);
  }

  protected override store(row: number, value: NonNullable<Value>): void {
    const text = value as string;
    let index = this.known.get(text);
    if (index === undefined) {
      index = this.known.size;
      this.known.set(text, index);
      this.fresh.push(text);
    }
    this.indices[row] = index;
  }

  protected override takeValues(rows: number): Int32Array {
    return this.indices.slice(0, rows);
  }

  protected override dictionary(): Vector<Utf8> {
    if (this.values === undefined || this.fresh.length > 0) {
      this.values = new Vector([...(this.values?.data ?? []), utf8Data(this.dictionaryType.dictionary, this.fresh)]);
      this.fresh = [];
    }
    return this.values;
  }
}

/** @param capacity of one batch, in rows */
export function columnBuilder(column: Column, type: DataType, capacity: number): ColumnBuilder {
  switch (column.type) {
    case 'string':
      return new StringColumn(type as Dictionary<Utf8, Int32>, capacity);
    case 'bool':
      return new BoolColumn(capacity);
    case 'int32':
      return new FixedWidthColumn(type, new Int32Array(capacity), (value) => value as number);
    case 'uint32':
      return new FixedWidthColumn(type, new Uint32Array(capacity), (value) => value as number);
    case 'float64':
      return new FixedWidthColumn(type, new Float64Array(capacity), (value) => value as number);
    case 'int64':
      return new FixedWidthColumn(type, new BigInt64Array(capacity), (value) => value as bigint);
    case 'timestamp':
      return new FixedWidthColumn(type, new BigInt64Array(capacity), (value) => BigInt(value as number));
  }
}
