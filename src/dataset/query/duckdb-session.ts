import { randomBytes } from 'node:crypto';
import { readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { messageOf, PoolTrackerError } from '../../errors.js';

type DuckDB = typeof import('@duckdb/node-api');

async function loadDuckdb(): Promise<DuckDB> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new PoolTrackerError(
      'DEPENDENCY_MISSING',
      `a query needs the package @duckdb/node-api: ${messageOf(error)}`,
      {
        cause: error,
        hint: 'npm install @duckdb/node-api, or use the duckdb program with schemas/duckdb.sql',
      },
    );
  }
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function datasetFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() === true) return realpath(path);
  throw new PoolTrackerError(
    'SOURCE_NOT_FOUND',
    `${path}: expected the directory of a dataset, found ${found === null ? 'nothing' : 'a file'}`,
    {
      data: { path },
      hint: 'pool-tracker batch makes datasets; for one in a bucket see docs/lake.md',
    },
  );
}

/** DuckDB with the views and questions of schemas/duckdb.sql over one dataset, without access to any other file. */
export class DuckdbSession {
  private constructor(
    readonly duckdb: DuckDB,
    readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance,
    private readonly spill: string,
  ) {}

  /**
   * @param dataset a directory as `batch` writes it
   * @throws PoolTrackerError DEPENDENCY_MISSING, SOURCE_NOT_FOUND, RECORDS_DAMAGED
   */
  static async open(dataset: string): Promise<DuckdbSession> {
    const folder = await datasetFolder(dataset);
    const duckdb = await loadDuckdb();
    const instance = await duckdb.DuckDBInstance.create(':memory:');
    // Where DuckDB writes what does not fit into memory; created when it is needed.
    const spill = join(tmpdir(), `pool-tracker-query-${randomBytes(8).toString('hex')}`);
    const session = new DuckdbSession(duckdb, await instance.connect(), instance, spill);
    try {
      await session.restrict(folder);
      await session.connection.run(await readFile(new URL('../../../schemas/duckdb.sql', import.meta.url), 'utf8'));
      return session;
    } catch (error) {
      await session.close();
      throw new PoolTrackerError('RECORDS_DAMAGED', `${dataset}: ${messageOf(error)}`, {
        cause: error,
        data: { path: dataset },
      });
    }
  }

  /** Locks access to other files, the network and extensions, and then the settings themselves. */
  private async restrict(folder: string): Promise<void> {
    await this.connection.run(`
      SET TimeZone = 'UTC';
      SET temp_directory = ${sqlText(this.spill)};
      SET allowed_directories = [${sqlText(folder)}];
      SET autoload_known_extensions = false;
      SET enable_external_access = false;
      SET lock_configuration = true;
      SET VARIABLE dataset = ${sqlText(folder)};
    `);
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    this.instance.closeSync();
    await rm(this.spill, { recursive: true, force: true });
  }
}
