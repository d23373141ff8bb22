import type { Encoding, Statistics } from './format-types.js';
import { PoolTrackerError } from '../../../errors.js';
import type { Column } from '../../../record/schema/record-type.js';
import { bitWidthOf, definitionLevels, packedIndices } from './hybrid.js';
import { dictionaryOf, gatherBits, gatherWords, type Words } from './numbers.js';
import { type ColumnRows, countBits, type Defined, definedRows } from './row-group.js';
import { boolBounds, type Bounds, numberBounds, textBounds } from './statistics.js';
import { gatherTexts, type Texts } from './texts.js';

/** A page before it is compressed. */
export interface Page {
  readonly body: Uint8Array;
  /** How many values it has, nulls included. */
  readonly values: number;
}

/** A column of a row group, encoded. */
export interface ColumnChunk {
  readonly encoding: Encoding;
  readonly dictionary: Page | null;
  readonly pages: readonly Page[];
  /** In rows. */
  readonly length: number;
  readonly statistics: Statistics;
}

/** Bytes of texts in a page that has no dictionary. */
const TEXT_PAGE_BYTES = 1 << 20;

/** Encodes the rows of a column, by a dictionary where one at least halves them. */
export function encodeColumn(column: Column, pieces: readonly ColumnRows[]): ColumnChunk {
  const defined = definedRows(pieces);
  if (!column.nullable && defined.values < defined.rows)
    throw new PoolTrackerError('INTERNAL', `column ${column.name} may not be null`);
  switch (column.type) {
    case 'bool': {
      const bits = gatherBits(pieces, defined.values);
      return plain(defined, [wholePage(column, defined, bits)], boolBounds(defined.values, countBits(bits)));
    }
    case 'string':
      return encodeTexts(column, defined, gatherTexts(pieces, defined.values));
    case 'int32':
    case 'uint32':
      return encodeWords(column, defined, gatherWords(pieces, defined.values, 1));
    default:
      return encodeWords(column, defined, gatherWords(pieces, defined.values, 2));
  }
}

function encodeWords(column: Column, defined: Defined, values: Words): ColumnChunk {
  const bytes = values.perValue * 4;
  const half = (defined.values * bytes) / 2;
  // With one bit an index at least.
  const dictionary = dictionaryOf(values, Math.floor((half - defined.values / 8) / bytes));
  if (dictionary !== null) {
    const count = dictionary.values.words.length / values.perValue;
    const width = bitWidthOf(count);
    if (count * bytes + (defined.values * width) / 8 <= half)
      return packed(
        column,
        defined,
        bytesOf(dictionary.values),
        count,
        dictionary.indices,
        numberBounds(column.type, dictionary.values),
      );
  }
  return plain(defined, [wholePage(column, defined, bytesOf(values))], numberBounds(column.type, values));
}

function encodeTexts(column: Column, defined: Defined, texts: Texts): ColumnChunk {
  const { bytes, indices } = texts;
  const count = bytes.length;
  const width = bitWidthOf(count);
  const sizes = Int32Array.from(bytes, ({ length }) => length + 4);
  let [distinct, total] = [0, 0];
  for (const size of sizes) distinct += size;
  for (let row = 0; row < indices.length; row++) total += sizes[indices[row]!]!;
  const bounds = textBounds(texts);
  if (2 * (distinct + (indices.length * width) / 8) <= total)
    return packed(column, defined, plainTexts(bytes, distinct), count, indices, bounds);
  return plain(defined, [...textPages(column, defined, texts)], bounds);
}

function packed(
  column: Column,
  defined: Defined,
  dictionary: Uint8Array,
  count: number,
  indices: Int32Array,
  bounds: Bounds,
): ColumnChunk {
  return {
    encoding: 'RLE_DICTIONARY',
    dictionary: { body: dictionary, values: count },
    pages: [wholePage(column, defined, packedIndices(indices, bitWidthOf(count)))],
    length: defined.rows,
    statistics: statisticsOf(defined, bounds),
  };
}

function plain(defined: Defined, pages: readonly Page[], bounds: Bounds): ColumnChunk {
  return {
    encoding: 'PLAIN',
    dictionary: null,
    pages,
    length: defined.rows,
    statistics: statisticsOf(defined, bounds),
  };
}

function statisticsOf({ rows, values }: Defined, bounds: Bounds): Statistics {
  return { ...bounds, null_count: BigInt(rows - values) };
}

/** A page of all rows. */
function wholePage(column: Column, { rows, values, bits }: Defined, encoded: Uint8Array): Page {
  if (!column.nullable) return { body: encoded, values: rows };
  return { body: Buffer.concat([definitionLevels(bits, rows, values === 0 ? 0 : 1), encoded]), values: rows };
}

function bytesOf({ words }: Words): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Each text behind its length. */
function plainTexts(texts: Iterable<Uint8Array>, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of texts) {
    at = bytes.writeUInt32LE(text.length, at);
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

/** Pages of texts without a dictionary, each of eight rows or a multiple of it, so that their levels are whole bytes. */
function* textPages(column: Column, { rows, bits }: Defined, { bytes, indices }: Texts): Generator<Page> {
  let row = 0;
  let index = 0;
  while (row < rows) {
    const [firstRow, firstIndex] = [row, index];
    let size = 0;
    for (; row < rows && size < TEXT_PAGE_BYTES; row += 8) {
      const group = bits === null ? Math.min(8, rows - row) : countBits(bits.subarray(row >> 3, (row >> 3) + 1));
      for (const end = index + group; index < end; index++) size += 4 + bytes[indices[index]!]!.length;
    }
    row = Math.min(row, rows);
    const page: Defined = {
      rows: row - firstRow,
      values: index - firstIndex,
      bits: bits === null ? null : bits.subarray(firstRow >> 3, Math.ceil(row / 8)),
    };
    const texts = Array.from(indices.subarray(firstIndex, index), (one) => bytes[one]!);
    yield wholePage(column, page, plainTexts(texts, size));
  }
}
