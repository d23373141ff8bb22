import type { Column, Value } from '../schema/record-type.js';
import type { ColumnData, TextData } from './column-data.js';

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
  constructor(capacity: number) {
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

  /** The first `rows` rows; the builder is empty afterwards. */
  take(rows: number): ColumnData {
    const { nullCount } = this.validity;
    const dictionary = this.dictionary();
    return {
      length: rows,
      offset: 0,
      nullCount,
      nullBitmap: this.validity.take(rows),
      values: this.takeValues(rows),
      ...(dictionary !== undefined && { dictionary }),
    };
  }

  protected abstract store(row: number, value: NonNullable<Value>): void;
  protected abstract takeValues(rows: number): ColumnData['values'];
  protected dictionary(): ColumnData['dictionary'] {
    return undefined;
  }
}

type Words = Int32Array | Uint32Array | Float64Array | BigInt64Array;

/** Room for the values of a batch, which is made when there is one. */
class Room<Of extends Words> {
  private values: Of | null = null;

  /** @param capacity in rows */
  constructor(
    private readonly capacity: number,
    private readonly make: (rows: number) => Of,
  ) {}

  get all(): Of {
    return (this.values ??= this.make(this.capacity));
  }

  /** The first `rows` rows: the room itself where they need most of it, else a copy. */
  take(rows: number): Of {
    const { values } = this;
    if (values === null) return this.make(rows);
    if (rows * 2 < this.capacity) return values.slice(0, rows) as Of;
    this.values = null;
    return values.subarray(0, rows) as Of;
  }
}

class FixedWidthColumn<Of extends Words> extends ColumnBuilder {
  private readonly room: Room<Of>;

  constructor(
    capacity: number,
    make: (rows: number) => Of,
    private readonly put: (values: Of, row: number, value: NonNullable<Value>) => void,
  ) {
    super(capacity);
    this.room = new Room(capacity, make);
  }

  protected override store(row: number, value: NonNullable<Value>): void {
    this.put(this.room.all, row, value);
  }

  protected override takeValues(rows: number): Of {
    return this.room.take(rows);
  }
}

class BoolColumn extends ColumnBuilder {
  private readonly bits: Uint8Array;

  constructor(capacity: number) {
    super(capacity);
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
  private readonly indices: Room<Int32Array>;
  private readonly known = new Map<string, number>();
  private fresh: string[] = [];
  private chunks: readonly TextData[] = [];
  /** Of the row before: what is said of an image is the same in all of its rows. */
  private last: { readonly text: string; readonly index: number } | null = null;

  constructor(capacity: number) {
    super(capacity);
    this.indices = new Room(capacity, (rows) => new Int32Array(rows));
  }

  protected override store(row: number, value: NonNullable<Value>): void {
    const text = value as string;
    if (this.last?.text !== text) this.last = { text, index: this.indexOf(text) };
    this.indices.all[row] = this.last.index;
  }

  private indexOf(text: string): number {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const index = this.known.size;
    this.known.set(text, index);
    this.fresh.push(text);
    return index;
  }

  protected override takeValues(rows: number): Int32Array {
    return this.indices.take(rows);
  }

  protected override dictionary(): NonNullable<ColumnData['dictionary']> {
    if (this.chunks.length === 0 || this.fresh.length > 0) {
      this.chunks = [...this.chunks, textData(this.fresh)];
      this.fresh = [];
    }
    return { data: this.chunks };
  }
}

/** A lone surrogate becomes U+FFFD, since UTF-8 has no form for it. */
function textData(texts: readonly string[]): TextData {
  const bytes = texts.map((text) => Buffer.from(text, 'utf8'));
  const valueOffsets = new Int32Array(texts.length + 1);
  bytes.forEach(({ length }, index) => {
    valueOffsets[index + 1] = valueOffsets[index]! + length;
  });
  return { length: texts.length, valueOffsets, values: Buffer.concat(bytes, valueOffsets[texts.length]) };
}

/** @param capacity of one batch, in rows */
export function columnBuilder({ type }: Column, capacity: number): ColumnBuilder {
  switch (type) {
    case 'string':
      return new StringColumn(capacity);
    case 'bool':
      return new BoolColumn(capacity);
    case 'int32':
      return new FixedWidthColumn(capacity, newInt32s, putNumber);
    case 'uint32':
      return new FixedWidthColumn(capacity, newUint32s, putNumber);
    case 'float64':
      return new FixedWidthColumn(capacity, newFloat64s, putNumber);
    case 'int64':
      return new FixedWidthColumn(capacity, newInt64s, (values, row, value) => {
        values[row] = value as bigint;
      });
    case 'timestamp':
      return new FixedWidthColumn(capacity, newInt64s, (values, row, value) => {
        values[row] = BigInt(value as number);
      });
  }
}

const newInt32s = (rows: number): Int32Array => new Int32Array(rows);
const newUint32s = (rows: number): Uint32Array => new Uint32Array(rows);
const newFloat64s = (rows: number): Float64Array => new Float64Array(rows);
const newInt64s = (rows: number): BigInt64Array => new BigInt64Array(rows);

function putNumber(values: Exclude<Words, BigInt64Array>, row: number, value: NonNullable<Value>): void {
  values[row] = value as number;
}
