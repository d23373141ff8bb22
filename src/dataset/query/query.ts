import type { DuckDBBlobValue, DuckDBPreparedStatement, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { messageOf, PoolTrackerError } from '../../errors.js';
import {
  type Column,
  type ColumnType,
  nullableColumn,
  type RecordType,
  type Row,
  type Value,
} from '../../record/schema/record-type.js';
import { IMAGE, POOL_TAG } from '../../record/schema/record-types.js';
import { DuckdbSession, sqlText } from './duckdb-session.js';

export { diffRow, diffTags, TAG_DIFF, type TagDiff } from './diff.js';
export { type DiffSense, senseOf, subjectName } from './diff-sense.js';
export { type DiffSubject, type Measure, MEASURES, readDiffSubject } from './diff-subject.js';

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

/**
 * A failure of DuckDB as one line, without the excerpt of the statement, which is not exactly the one that was asked.
 */
function queryFailed(error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError) return error;
  const message = messageOf(error)
    .replace(/ LINE \d+: .*$/s, '')
    .replace(/^Failed to extract statements: /, '');
  if (message.startsWith('Permission Error')) {
    return new PoolTrackerError('SOURCE_NOT_PERMITTED', `query: ${message}`, {
      cause: error,
      hint: 'a query reads the dataset and nothing else',
    });
  }
  const tooWide = message.startsWith('Conversion Error') && /INT128|UINT64|UINT128/.test(message);
  return new PoolTrackerError('USAGE', `query: ${message}`, {
    cause: error,
    ...(tooWide ? { hint: 'a number of more than 64 bits: cast it to VARCHAR' } : {}),
  });
}

/** In parentheses a statement can only be a selection; the text that is checked in this form is the one that runs. */
function selectionOf(statement: string): string {
  return `FROM (\n${statement}\n)`;
}

/** Records of one kind that `keep` holds: some hundred bytes each, in memory or in temporary files. */
const MAX_KEPT = 500_000n;

/** A dataset to ask questions of. Nothing is ever written, in it or elsewhere. */
export class DatasetQuery {
  private isKept = false;

  private constructor(private readonly session: DuckdbSession) {}

  /** @throws PoolTrackerError DEPENDENCY_MISSING, SOURCE_NOT_FOUND, RECORDS_DAMAGED */
  static async open(dataset: string): Promise<DatasetQuery> {
    return new DatasetQuery(await DuckdbSession.open(dataset));
  }

  /**
   * @param sql one statement that selects
   * @throws PoolTrackerError USAGE for any other, or one that DuckDB refuses; SOURCE_NOT_PERMITTED when it reads
   *   anything outside the dataset. Reading the rows may throw the same errors
   */
  async ask(sql: string): Promise<Answer> {
    const statement = sql.replace(/[;\s]+$/, '');
    const prepared = await this.prepare(statement).catch((error: unknown) => {
      throw queryFailed(error);
    });
    const indices = Array.from({ length: prepared.columnCount }, (_, index) => index);
    const columns = answerColumns(
      indices.map((index) => prepared.columnName(index)),
      indices.map((index) => prepared.columnType(index)),
      (index) => `c${index}`,
    );
    prepared.destroySync();
    const query = `SELECT ${columns.map(({ expression }) => expression).join(', ')} ${selectionOf(statement)} AS answer(${indices.map((index) => `c${index}`).join(', ')})`;
    return {
      recordType: {
        name: 'answer',
        description: 'The answer to a query.',
        columns: columns.map(({ column }) => column),
      },
      rows: this.rows(query, columns),
    };
  }

  /**
   * A view or a question of schemas/duckdb.sql.
   * @param values for its parameters: in order, or as `name=value`
   * @throws PoolTrackerError USAGE when there is none of this name; as `ask`
   */
  async askView(name: string, values: readonly string[] = []): Promise<Answer> {
    const views = await this.views();
    const parameters = views.get(name);
    if (parameters === undefined)
      throw new PoolTrackerError('USAGE', `no view is named '${name}'`, {
        hint: `one of: ${[...views.keys()].sort().join(', ')}`,
      });
    if (parameters === null) {
      if (values.length > 0) throw new PoolTrackerError('USAGE', `view ${name} takes no values, found '${values[0]!}'`);
      return this.ask(`FROM ${name}`);
    }
    if (values.length > parameters.length)
      throw new PoolTrackerError(
        'USAGE',
        `view ${name} takes ${parameters.length} values (${parameters.join(', ')}), found ${values.length}`,
      );
    return this.ask(`FROM ${name}(${values.map((value) => argument(value, parameters)).join(', ')})`);
  }

  /** Views by name, with their parameters if they have any. */
  private async views(): Promise<Map<string, readonly string[] | null>> {
    const found = await this.session.connection.runAndReadAll(`
      SELECT view_name AS name, NULL AS parameters FROM duckdb_views() WHERE NOT internal
      UNION ALL
      SELECT function_name, to_json(parameters)::VARCHAR FROM duckdb_functions() WHERE function_type = 'table_macro' AND NOT internal`);
    return new Map(
      found
        .getRowsJS()
        .map(([name, parameters]) => [
          String(name),
          parameters === null ? null : (JSON.parse(String(parameters)) as string[]),
        ]),
    );
  }

  /**
   * Reads the records once, for who asks many questions of them: else each question opens every file. Only of datasets
   * that are small enough to be held.
   */
  async keep(): Promise<void> {
    if (this.isKept) return;
    const { connection } = this.session;
    try {
      for (const { name } of [IMAGE, POOL_TAG]) {
        const [[count]] = (await connection.runAndReadAll(`SELECT count(*) FROM ${name}`)).getRowsJS() as [[bigint]];
        if (count > MAX_KEPT) continue;
        await connection.run(`CREATE OR REPLACE TEMP TABLE kept_${name} AS FROM ${name}`);
        await connection.run(`CREATE OR REPLACE TEMP VIEW ${name} AS FROM kept_${name}`);
      }
    } catch (error) {
      throw new PoolTrackerError('RECORDS_DAMAGED', `the records of the dataset cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
    this.isKept = true;
  }

  /** Rejects statements before they are prepared: preparing an EXPORT already creates its folder. */
  private async prepare(statement: string): Promise<DuckDBPreparedStatement> {
    const { connection } = this.session;
    const count = statement === '' ? 0 : (await connection.extractStatements(statement)).count;
    if (count !== 1) throw new PoolTrackerError('USAGE', `query: expected one statement, found ${count}`);
    const selection = await connection.extractStatements(selectionOf(statement)).catch(() => null);
    if (selection?.count === 1) return selection.prepare(0);
    throw new PoolTrackerError('USAGE', 'query: expected a statement that selects, found one that does not', {
      hint: 'a dataset is only read here',
    });
  }

  private async *rows(query: string, columns: readonly AnswerColumn[]): AsyncGenerator<Row> {
    try {
      const result = await this.session.connection.stream(query);
      for await (const chunk of result.yieldRows()) {
        for (const values of chunk) yield rowOf(values, columns);
      }
    } catch (error) {
      throw queryFailed(error);
    }
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

function rowOf(values: readonly DuckDBValue[], columns: readonly AnswerColumn[]): Row {
  return Object.fromEntries(
    columns.map(({ column }, index): [string, Value] => [column.name, answerValue(column.type, values[index]!)]),
  );
}

function answerValue(type: ColumnType, value: DuckDBValue): Value {
  if (value === null) return null;
  if (type === 'timestamp') return Number(value);
  return type === 'string' ? Buffer.from((value as DuckDBBlobValue).bytes).toString('utf8') : (value as Value);
}

/**
 * `min_growth=0.5` names a parameter; its value may be a number. Anything else is text, which DuckDB casts as needed.
 */
function argument(value: string, parameters: readonly string[]): string {
  const named = /^([a-z_]+)=(.*)$/s.exec(value);
  if (named === null || !parameters.includes(named[1]!)) return sqlText(value);
  return `${named[1]!} := ${/^-?\d+(\.\d+)?$/.test(named[2]!) ? named[2]! : sqlText(named[2]!)}`;
}
