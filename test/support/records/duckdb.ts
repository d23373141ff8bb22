import { DuckDBInstance, DuckDBTimestampTZValue, DuckDBTimestampValue, type DuckDBConnection } from '@duckdb/node-api';
import type { RecordType, Row, Value } from '../../../src/record/schema/record-type.js';

let connection: Promise<DuckDBConnection> | null = null;

/** The answer of DuckDB, in memory, one connection for all tests. */
export async function queryDuckdb(sql: string): Promise<Record<string, unknown>[]> {
  connection ??= DuckDBInstance.create(':memory:').then((instance) => instance.connect());
  return (await (await connection).runAndReadAll(sql)).getRowObjects();
}

/** Rows of a query as ours: timestamps in milliseconds. */
export async function queryRows(sql: string, recordType: RecordType): Promise<Row[]> {
  const rows = await queryDuckdb(sql);
  return rows.map((row) =>
    Object.fromEntries(
      recordType.columns.map((column): [string, Value] => {
        const value = row[column.name];
        if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue)
          return [column.name, Number(value.micros / 1000n)];
        return [column.name, (value ?? null) as Value];
      }),
    ),
  );
}

/** A value as SQL text. */
export function sqlLiteral(value: Value): string {
  if (typeof value !== 'string') return String(value);
  // chr() for what a literal cannot hold.
  return `(${[...value].map((char) => (char < ' ' ? `chr(${char.charCodeAt(0)})` : `'${char === "'" ? "''" : char}'`)).join(' || ') || "''"})`;
}
