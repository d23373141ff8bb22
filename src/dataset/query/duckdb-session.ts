import { randomBytes } from 'node:crypto';
import { readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { requirePackage } from '../../required-package.js';
import { attachedScript, checkAttachedName } from './attached-script.js';
import { MadeOnDemand } from './made-on-demand.js';
import { type RecordPlaces, RecordPlacesBuilder } from './query-source.js';

type DuckDB = typeof import('@duckdb/node-api');

function loadDuckdb(): DuckDB {
  try {
    return requirePackage('@duckdb/node-api') as DuckDB;
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

function sqlTexts(texts: readonly string[]): string {
  return `[${texts.map(sqlText).join(', ')}]::VARCHAR[]`;
}

/** What a query may do, and what else it can ask. */
export interface QueryOptions {
  /** More datasets or files of records, each with the same views in a schema of its name: `other.pool_tags`. */
  readonly attach?: Readonly<Record<string, string>>;
  /** Whether statements may do whatever DuckDB can: read and write any file, load extensions, use the network. */
  readonly unsafe?: boolean;
}

/** Where the records of a session are; the schema is null for the views that need no name before them. */
interface Schema {
  readonly name: string | null;
  readonly places: RecordPlaces;
}

/** The views and questions over the records of a schema. */
interface SchemaViews extends Schema {
  readonly views: MadeOnDemand;
}

async function placesOf(words: readonly string[], scratch: string): Promise<RecordPlaces> {
  const builder = new RecordPlacesBuilder(scratch);
  for (const word of words) await builder.add(word);
  return builder.end();
}

/** DuckDB with the views and questions of schemas/duckdb.sql over some records, without access to any other file. */
export class DuckdbSession {
  private schemas: readonly SchemaViews[] = [];

  private constructor(
    readonly duckdb: DuckDB,
    readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance,
    private readonly scratch: string,
    /** The paths that it may read. */
    readonly paths: readonly string[],
  ) {}

  /**
   * @param sources datasets as `batch` writes them, files of records, and folders of these; the views show all together
   * @throws PoolTrackerError USAGE where a source is none; DEPENDENCY_MISSING, RECORDS_DAMAGED
   */
  static async open(sources: readonly string[], options: QueryOptions = {}): Promise<DuckdbSession> {
    const duckdb = loadDuckdb();
    // Where files are put that DuckDB does not read as they are, and where it writes what does not fit into memory.
    const scratch = join(await realpath(tmpdir()), `pool-tracker-query-${randomBytes(8).toString('hex')}`);
    try {
      const schemas: Schema[] = [{ name: null, places: await placesOf(sources, join(scratch, 'main')) }];
      for (const [name, source] of Object.entries(options.attach ?? {})) {
        checkAttachedName(name);
        schemas.push({ name, places: await placesOf([source], join(scratch, 'attached', name)) });
      }
      return await DuckdbSession.start(duckdb, schemas, scratch, options.unsafe === true);
    } catch (error) {
      await rm(scratch, { recursive: true, force: true });
      throw error;
    }
  }

  private static async start(
    duckdb: DuckDB,
    schemas: readonly Schema[],
    scratch: string,
    isUnsafe: boolean,
  ): Promise<DuckdbSession> {
    const instance = await duckdb.DuckDBInstance.create(':memory:');
    const paths = schemas.flatMap(({ places }) => [...places.datasets, ...places.files]);
    const session = new DuckdbSession(duckdb, await instance.connect(), instance, scratch, paths);
    try {
      await session.prepare(schemas, isUnsafe);
      const script = await readFile(new URL('../../../schemas/duckdb.sql', import.meta.url), 'utf8');
      session.schemas = schemas.map((schema) => ({
        ...schema,
        views: new MadeOnDemand(schema.name === null ? script : attachedScript(script, schema.name)),
      }));
      // Of statements of any kind, what they name cannot be told.
      if (isUnsafe) await session.makeFor(null);
      return session;
    } catch (error) {
      await session.close();
      throw session.damaged(error);
    }
  }

  private damaged(error: unknown): PoolTrackerError {
    if (error instanceof PoolTrackerError) return error;
    const [path] = this.paths;
    return new PoolTrackerError('RECORDS_DAMAGED', `${path ?? 'query'}: ${messageOf(error)}`, {
      cause: error,
      ...(path === undefined ? {} : { data: { path } }),
    });
  }

  /** Whether all views and questions are made. */
  get isWhole(): boolean {
    return this.schemas.every(({ views }) => views.isWhole);
  }

  /**
   * Makes the views and questions that a statement names.
   * @param statement null: all of them
   * @throws PoolTrackerError RECORDS_DAMAGED
   */
  async makeFor(statement: string | null): Promise<void> {
    for (const schema of this.schemas) await this.makeViews(schema, statement);
  }

  /** Locks access to other files, the network and extensions, and then the settings themselves. */
  private async prepare(schemas: readonly Schema[], isUnsafe: boolean): Promise<void> {
    const datasets = schemas.flatMap(({ places }) => places.datasets);
    const files = schemas.flatMap(({ places }) => places.files);
    await this.connection.run(`
      SET TimeZone = 'UTC';
      SET temp_directory = ${sqlText(join(this.scratch, 'spill'))};
    `);
    const names = schemas.flatMap(({ name }) => name ?? []);
    const reserved = names.length === 0 ? new Set<string>() : await this.reservedWords();
    for (const name of names) {
      checkAttachedName(name, reserved);
      await this.connection.run(`ATTACH ':memory:' AS "${name}"`);
    }
    if (isUnsafe) return;
    await this.connection.run(`
      SET allowed_directories = ${sqlTexts([...datasets, this.scratch])};
      SET allowed_paths = ${sqlTexts(files)};
      SET autoload_known_extensions = false;
      SET enable_external_access = false;
      SET lock_configuration = true;
    `);
  }

  private async makeViews({ name, places, views }: SchemaViews, statement: string | null): Promise<void> {
    // A name that is put together of texts cannot be seen: who asks makes all where one is not known.
    if (statement !== null && name !== null && !statement.toLowerCase().includes(name)) return;
    const script = views.take(statement);
    if (script === '') return;
    const { datasets, patterns } = places;
    const keys = [...patterns.keys()];
    const variables = `
      SET VARIABLE dataset = ${sqlText(datasets[0] ?? this.scratch)};
      SET VARIABLE datasets = ${sqlTexts(datasets.length === 0 ? [this.scratch] : datasets)};
      SET VARIABLE loose_files = map(${sqlTexts(keys)}, [${keys.map((key) => sqlTexts(patterns.get(key)!)).join(', ')}]::VARCHAR[][]);
    `;
    await this.connection.run(variables + script).catch((error: unknown) => {
      throw this.damaged(error);
    });
  }

  /** Words that stand for themselves in SQL, and for no name. */
  private async reservedWords(): Promise<ReadonlySet<string>> {
    const found = await this.connection.runAndReadAll(
      "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'",
    );
    return new Set(found.getRowsJS().map(([word]) => String(word)));
  }

  /** Whether a message of DuckDB is about one of the files that were to be read. */
  isAboutRecords(message: string): boolean {
    return !message.includes('No files found') && this.paths.some((path) => message.includes(path));
  }

  async close(): Promise<void> {
    this.connection.closeSync();
    this.instance.closeSync();
    await rm(this.scratch, { recursive: true, force: true });
  }
}
