import type { DuckDBType } from '@duckdb/node-api';
import { nullableColumn, type Column, type ColumnType } from '../record/schema/record-type.js';

/** How a column of an answer becomes a column of records. */
export interface AnswerColumn {
  readonly column: Column;
  /** SQL that turns DuckDB's value into one that the record column holds without loss. */
  readonly expression: string;
}

/** DuckDB's types that need no more than their own name; all others follow below. */
const PLAIN: Readonly<Record<string, ColumnType>> = {
  BOOLEAN: 'bool',
  TINYINT: 'int32', SMALLINT: 'int32', INTEGER: 'int32', UTINYINT: 'int32', USMALLINT: 'int32',
  UINTEGER: 'uint32',
  BIGINT: 'int64', VARCHAR: 'string',
};

/** Sums are of 128 bits in DuckDB, which neither lakes nor JSON readers have; one that needs them ends the query. */
const WIDE = new Set(['UBIGINT', 'HUGEINT', 'UHUGEINT']);
const NESTED = new Set(['LIST', 'STRUCT', 'MAP', 'ARRAY', 'UNION']);

/** A double has 15 decimal digits for certain. */
const EXACT_IN_DOUBLE = /^DECIMAL\((\d|1[0-5]),/;

function converted(type: string, value: string): readonly [ColumnType, string] {
  const base = type.split('(')[0]!;
  const plain = PLAIN[type];
  if (plain !== undefined) return [plain, value];
  if (WIDE.has(base)) return ['int64', `${value}::BIGINT`];
  if (base === 'FLOAT' || base === 'DOUBLE') return ['float64', `CASE WHEN isfinite(${value}) THEN ${value}::DOUBLE END`];
  if (EXACT_IN_DOUBLE.test(type)) return ['float64', `${value}::DOUBLE`];
  if (base.startsWith('TIMESTAMP')) return ['timestamp', `CASE WHEN isfinite(${value}::TIMESTAMPTZ) THEN epoch_ms(${value}::TIMESTAMPTZ) END`];
  if (NESTED.has(base) || type.endsWith(']')) return ['string', `to_json(${value})::VARCHAR`];
  return ['string', `${value}::VARCHAR`];
}

/**
 * Columns for an answer of these names and types; all may be null, and a name that occurs again gets a number. Types
 * that records do not have become text: dates and times as DuckDB writes them, lists and structures as JSON.
 *
 * @param value the SQL name of the column at an index
 */
export function answerColumns(names: readonly string[], types: readonly DuckDBType[], value: (index: number) => string): AnswerColumn[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    let unique = name;
    for (let number = 1; taken.has(unique); number++) unique = `${name}_${number}`;
    taken.add(unique);
    const [type, expression] = converted(types[index]!.toString(), value(index));
    return { column: nullableColumn(unique, type, 'A column of an answer.'), expression };
  });
}
