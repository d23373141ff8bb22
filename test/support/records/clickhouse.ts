import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ColumnType, RecordType } from '../../../src/record/schema/record-type.js';
import { queryDuckdb } from './duckdb.js';

type Texts = readonly (string | number | null)[];

const CLICKHOUSE_TEXT: Readonly<Record<ColumnType, (name: string) => string>> = {
  string: (name) => name,
  bool: (name) => `toString(${name})`,
  int32: (name) => `toString(${name})`,
  uint32: (name) => `toString(${name})`,
  int64: (name) => `toString(${name})`,
  float64: (name) => name,
  timestamp: (name) => `toString(toUnixTimestamp64Milli(${name}))`,
};

const DUCKDB_TEXT: Readonly<Record<ColumnType, (name: string) => string>> = {
  ...CLICKHOUSE_TEXT,
  bool: (name) => `${name}::VARCHAR`,
  int32: (name) => `${name}::VARCHAR`,
  uint32: (name) => `${name}::VARCHAR`,
  int64: (name) => `${name}::VARCHAR`,
  timestamp: (name) => `epoch_ms(${name})::VARCHAR`,
};

const PROGRAM = fileURLToPath(new URL('../run/clickhouse-process.mjs', import.meta.url));
let running: ChildProcess | null = null;
let last: Promise<unknown> = Promise.resolve();

async function ask(sql: string, format: string): Promise<string> {
  if (running === null) {
    running = fork(PROGRAM, { cwd: '/', execArgv: [] });
    // Tests that have ended do not wait for it.
    running.unref();
    running.channel?.unref();
  }
  running.channel?.ref();
  const answered = once(running, 'message') as Promise<[{ readonly answer?: string; readonly error?: string }]>;
  running.send({ sql, format });
  const [{ answer, error }] = await answered;
  running.channel?.unref();
  if (answer === undefined) throw new Error(`ClickHouse: ${error ?? 'no answer'}`);
  return answer;
}

async function linesOf<T>(sql: string, format: string): Promise<T[]> {
  const answer = last.then(() => ask(sql, format));
  last = answer.catch(() => undefined);
  const lines = (await answer).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as T);
}

/** Whether its library is made for this machine; says so where it is not. */
export async function canAskClickhouse(): Promise<boolean> {
  try {
    await import('chdb');
    return true;
  } catch (error) {
    console.log(`      skipped: chdb does not run here (${String(error).split('\n')[0]!})`);
    return false;
  }
}

/** The answer of ClickHouse: an engine that shares no line with ours or DuckDB. */
export function queryClickhouse(sql: string): Promise<Record<string, unknown>[]> {
  return linesOf(sql, 'JSONEachRow');
}

/** What ClickHouse reads of anything: every value as text, what is no integer as a number; rows sorted. */
export async function clickhouseRows(reader: string, { columns }: RecordType, settings = ''): Promise<string[]> {
  const texts = columns.map(({ name, type }) => CLICKHOUSE_TEXT[type](`\`${name}\``));
  return sorted(await linesOf<Texts>(`SELECT ${texts.join(', ')} FROM ${reader} ${settings}`, 'JSONCompactEachRow'));
}

/** What ClickHouse reads of a Delta table, as `clickhouseRows`. */
export function deltaRows(table: string, recordType: RecordType, version?: number): Promise<string[]> {
  const settings = version === undefined ? '' : `SETTINGS delta_lake_snapshot_version = ${version}`;
  return clickhouseRows(`deltaLakeLocal('${table}')`, recordType, settings);
}

/**
 * What ClickHouse reads of an Iceberg table, as `clickhouseRows`.
 * @param settings which snapshot, as `iceberg_snapshot_id = 1`
 */
export function icebergRows(table: string, recordType: RecordType, settings?: string): Promise<string[]> {
  return clickhouseRows(`icebergLocal('${table}')`, recordType, settings === undefined ? '' : `SETTINGS ${settings}`);
}

/** The same of a table in a bucket. @param url with the bucket: `http://127.0.0.1:9000/bucket/lake/pool_tag` */
export function icebergRowsInBucket(
  url: string,
  { id, secret }: { readonly id: string; readonly secret: string },
  recordType: RecordType,
): Promise<string[]> {
  return clickhouseRows(`icebergS3('${url}', '${id}', '${secret}')`, recordType, '');
}

/** What DuckDB reads of the files of a record type, as `deltaRows`. */
export async function fileRows(dataset: string, { name, columns }: RecordType): Promise<string[]> {
  const texts = columns.map((column, index) => `${DUCKDB_TEXT[column.type](`"${column.name}"`)} AS c${index}`);
  const rows = await queryDuckdb(
    `SELECT ${texts.join(', ')} FROM read_parquet('${dataset}/${name}/v=*/**/*.parquet', hive_partitioning = false, union_by_name = true)`,
  );
  return sorted(rows.map((row) => columns.map((_, index) => row[`c${index}`] as string | null)));
}

function sorted(rows: readonly Texts[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}
