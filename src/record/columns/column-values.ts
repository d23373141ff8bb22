import { PoolTrackerError } from '../../errors.js';
import type { Column, RecordType, Row, Value } from '../schema/record-type.js';
import { type ColumnBatch, type ColumnData, isValid, type TextData } from './column-data.js';

/** The value of a column in one row of a batch. */
export type ReadValue = (row: number) => Value;

/** One text of many; U+FEFF at its beginning is a part of it. */
export function textAt({ values, valueOffsets }: TextData, index: number): string {
  const start = valueOffsets[index]!;
  return Buffer.from(values.buffer, values.byteOffset + start, valueOffsets[index + 1]! - start).toString('utf8');
}

/** Texts of a dictionary by their index. One that has grown keeps its earlier chunks, so only the new ones are decoded. */
export class DictionaryTexts {
  private texts: string[] = [];
  private chunks: readonly TextData[] = [];

  /** @param convert is applied to each text once */
  constructor(private readonly convert: (text: string) => string) {}

  of(chunks: readonly TextData[]): readonly string[] {
    const { length } = this.chunks;
    const grown = length > 0 && this.chunks[0] === chunks[0] && this.chunks.at(-1) === chunks[length - 1];
    if (!grown) this.texts = [];
    for (const chunk of grown ? chunks.slice(length) : chunks)
      for (let index = 0; index < chunk.length; index++) this.texts.push(this.convert(textAt(chunk, index)));
    this.chunks = chunks;
    return this.texts;
  }
}

/** Reads one column from a series of batches. */
export class ColumnValues {
  private readonly texts: DictionaryTexts;

  /** @param convert is applied to each string, once for each value of a dictionary */
  constructor(
    private readonly column: Column,
    private readonly convert: (text: string) => string = (text) => text,
  ) {
    this.texts = new DictionaryTexts(convert);
  }

  open(data: ColumnData | null): ReadValue {
    if (data === null) return () => null;
    const read = this.openValues(data);
    return data.nullCount === 0 ? read : (row) => (isValid(data, row) ? read(row) : null);
  }

  private openValues(data: ColumnData): ReadValue {
    switch (this.column.type) {
      case 'string':
        return this.openStrings(data);
      case 'bool':
        return (row) => ((Number(data.values[(data.offset + row) >> 3]!) >> ((data.offset + row) & 7)) & 1) === 1;
      case 'timestamp': {
        const values = data.values as BigInt64Array;
        return (row) => Number(values[row]!);
      }
      default: {
        const { values } = data;
        return (row) => values[row]!;
      }
    }
  }

  private openStrings(data: ColumnData): ReadValue {
    if (data.dictionary === undefined) return (row) => this.convert(textAt(data as unknown as TextData, row));
    const texts = this.texts.of(data.dictionary.data);
    const indices = data.values as Int32Array;
    return (row) => texts[indices[row]!] ?? this.noText(indices[row]!);
  }

  private noText(index: number): never {
    throw new PoolTrackerError(
      'RECORDS_DAMAGED',
      `column ${this.column.name}: its dictionary has no text of index ${index}`,
    );
  }
}

/** Unpacks batches of one record type into rows. */
export class ColumnRowReader {
  private readonly readers: readonly ColumnValues[];

  constructor(private readonly recordType: RecordType) {
    this.readers = recordType.columns.map((column) => new ColumnValues(column));
  }

  *rows({ numRows, columns }: ColumnBatch): Generator<Row> {
    const reads = this.readers.map((reader, index) => reader.open(columns[index]!));
    const names = this.recordType.columns.map(({ name }) => name);
    for (let row = 0; row < numRows; row++) {
      const values: Record<string, Value> = {};
      for (let index = 0; index < names.length; index++) values[names[index]!] = reads[index]!(row);
      yield values;
    }
  }
}
