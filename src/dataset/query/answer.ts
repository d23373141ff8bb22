import type { DuckDBBlobValue, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import {
  type Column,
  type ColumnType,
  nullableColumn,
  type RecordType,
  type Row,
  type Value,
} from '../../record/schema/record-type.js';

/** How a column of an answer becomes a column of records. */
export interface AnswerColumn {
  readonly column: Column;
  /** SQL that turns DuckDB's value into one that the record column holds without loss; text comes as its bytes. */
  readonly expression: string;
}

/** DuckDB's types that map to a column type without conversion; the others are converted below. */
const PLAIN: Readonly<Record<string, ColumnType>> = {
  BOOLEAN: 'bool',
  TINYINT: 'int32',
  SMALLINT: 'int32',
  INTEGER: 'int32',
  UTINYINT: 'int32',
  USMALLINT: 'int32',
  UINTEGER: 'uint32',
  BIGINT: 'int64',
  VARCHAR: 'string',
};

/**
 * Sums have 128 bits in DuckDB, which neither lake engines nor JSON readers support; a sum that needs more than 64 ends
 * the query.
 */
const WIDE = new Set(['UBIGINT', 'HUGEINT', 'UHUGEINT']);
const NESTED = new Set(['LIST', 'STRUCT', 'MAP', 'ARRAY', 'UNION']);

/** A double represents any 15 decimal digits exactly. */
const EXACT_IN_DOUBLE = /^DECIMAL\((\d|1[0-5]),/;

function converted(type: string, value: string): readonly [ColumnType, string] {
  const base = type.split('(')[0]!;
  const plain = PLAIN[type];
  if (plain !== undefined) return [plain, value];
  if (NESTED.has(base) || type.endsWith(']')) return ['string', `to_json(${value})::VARCHAR`];
  if (WIDE.has(base)) return ['int64', `${value}::BIGINT`];
  if (base === 'FLOAT' || base === 'DOUBLE')
    return ['float64', `CASE WHEN isfinite(${value}) THEN ${value}::DOUBLE END`];
  if (EXACT_IN_DOUBLE.test(type)) return ['float64', `${value}::DOUBLE`];
  if (base.startsWith('TIMESTAMP'))
    return ['timestamp', `CASE WHEN isfinite(${value}::TIMESTAMPTZ) THEN epoch_ms(${value}::TIMESTAMPTZ) END`];
  return ['string', `${value}::VARCHAR`];
}

/**
 * Columns for an answer with these names and types. All are nullable, and a name that occurs again gets a number. Types
 * that records do not have become text: dates and times in DuckDB's notation, lists and structures as JSON.
 *
 * @param value the SQL name of the column at an index
 */
export function answerColumns(
  names: readonly string[],
  types: readonly DuckDBType[],
  value: (index: number) => string,
): AnswerColumn[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    let unique = name;
    for (let number = 1; taken.has(unique); number++) unique = `${name}_${number}`;
    taken.add(unique);
    const [type, plain] = converted(types[index]!.toString(), value(index));
    // The client decodes text itself, and drops a U+FEFF at its beginning.
    const expression = type === 'string' ? `encode(${plain})` : plain;
    return { column: nullableColumn(unique, type, 'A column of an answer.'), expression };
  });
}

/** The result of a query: rows and the type of their columns, so that any sink can write them. */
export interface Answer {
  readonly recordType: RecordType;
  /** May be read once; rows arrive as DuckDB produces them. */
  readonly rows: AsyncIterable<Row>;
}

/** The record type of an answer with these columns. */
export function answerType(columns: readonly Column[]): RecordType {
  return { name: 'answer', description: 'The answer to a query.', columns };
}

/** A row of DuckDB's values, which come from the columns' expressions. */
export function answerRow(values: readonly DuckDBValue[], columns: readonly AnswerColumn[]): Row {
  return Object.fromEntries(
    columns.map(({ column }, index): [string, Value] => [column.name, answerValue(column.type, values[index]!)]),
  );
}

function answerValue(type: ColumnType, value: DuckDBValue): Value {
  if (value === null) return null;
  if (type === 'timestamp') return Number(value);
  return type === 'string' ? Buffer.from((value as DuckDBBlobValue).bytes).toString('utf8') : (value as Value);
}
