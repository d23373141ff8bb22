import { readFileSync } from 'node:fs';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

const STATEMENTS = readFileSync(new URL('../../../schemas/duckdb.sql', import.meta.url), 'utf8');

/** DuckDB that knows where a dataset is, and nothing of it. */
export async function emptyDuckdb(dataset: string): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`SET TimeZone = 'UTC'; SET VARIABLE dataset = '${dataset.replaceAll("'", "''")}'`);
  return connection;
}

/** DuckDB as `duckdb -init schemas/duckdb.sql` leaves it. */
export async function openQuestions(dataset: string): Promise<DuckDBConnection> {
  const connection = await emptyDuckdb(dataset);
  await connection.run(STATEMENTS);
  return connection;
}

export async function ask(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJS();
}
