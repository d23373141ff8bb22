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

class FixedWidthColumn<Element extends number | bigint> extends ColumnBuilder {
  constructor(
    private readonly values: {
      [row: number]: Element;
      length: number;
      slice(start: number, end: number): ColumnData['values'];
    },
    private readonly element: (value: NonNullable<Value>) => Element,
  ) {
    super(values.length);
  }

  protected override store(row: number, value: NonNullable<Value>): void {
    this.values[row] = this.element(value);
  }

  protected override takeValues(rows: number): ColumnData['values'] {
    return this.values.slice(0, rows);
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
  private readonly indices: Int32Array;
  private readonly known = new Map<string, number>();
  private fresh: string[] = [];
  private chunks: readonly TextData[] = [];

  constructor(capacity: number) {
    super(capacity);
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
      return new FixedWidthColumn(new Int32Array(capacity), (value) => value as number);
    case 'uint32':
      return new FixedWidthColumn(new Uint32Array(capacity), (value) => value as number);
    case 'float64':
      return new FixedWidthColumn(new Float64Array(capacity), (value) => value as number);
    case 'int64':
      return new FixedWidthColumn(new BigInt64Array(capacity), (value) => value as bigint);
    case 'timestamp':
      return new FixedWidthColumn(new BigInt64Array(capacity), (value) => BigInt(value as number));
  }
}
