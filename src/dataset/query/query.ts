import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import { messageOf, PoolTrackerError } from '../../errors.js';
import { nullableColumn, type Row } from '../../record/schema/record-type.js';
import { IMAGE, POOL_TAG } from '../../record/schema/record-types.js';
import { type Answer, type AnswerColumn, answerColumns, answerRow, answerType } from './answer.js';
import { DuckdbSession, type QueryOptions, sqlText } from './duckdb-session.js';

export { diffRow, diffTags, TAG_DIFF, type TagDiff } from './diff.js';
export { type DiffSense, senseOf, subjectName } from './diff-sense.js';
export {
  type BootMarks,
  type DiffSubject,
  type Measure,
  MEASURES,
  readDiffSubject,
  type TagCount,
} from './diff-subject.js';
export type { Answer } from './answer.js';
export type { QueryOptions } from './duckdb-session.js';

/** In parentheses a statement can only be a selection; the text that is checked in this form is the one that runs. */
function selectionOf(statement: string): string {
  return `FROM (\n${statement}\n)`;
}

/** Table functions that do something rather than give rows: a log, for one, is written where its arguments say. */
const DOES_SOMETHING = /^(?:enable|disable|force|truncate)_|checkpoint/i;

/** The names of the operators of a plan, as `EXPLAIN (FORMAT json)` has them. */
function operators(plan: unknown): string[] {
  if (Array.isArray(plan)) return plan.flatMap(operators);
  const { name, children } = plan as { name?: string; children?: unknown[] };
  return [...(name === undefined ? [] : [name.trim()]), ...operators(children ?? [])];
}

/** Records of one kind that `keep` holds: some hundred bytes each, in memory or in temporary files. */
const MAX_KEPT = 500_000n;

/** Records to ask questions of, in datasets and in files. Unless it was opened unsafe, nothing is written anywhere. */
export class DatasetQuery {
  private isKept = false;
  private isInterrupted = false;

  private constructor(
    private readonly session: DuckdbSession,
    private readonly isUnsafe: boolean,
  ) {}

  /**
   * @param sources a dataset, a file of records or a folder of such files, or several: the views show all of them together
   * @throws PoolTrackerError USAGE where a source is none of these; DEPENDENCY_MISSING, RECORDS_DAMAGED
   */
  static async open(sources: string | readonly string[], options: QueryOptions = {}): Promise<DatasetQuery> {
    const list = typeof sources === 'string' ? [sources] : sources;
    return new DatasetQuery(await DuckdbSession.open(list, options), options.unsafe === true);
  }

  /**
   * Asks; the rows of an answer are read before the next question.
   *
   * @param sql one statement that selects; unsafe: statements of any kind, of which the last one answers
   * @throws PoolTrackerError USAGE for any other, or one that DuckDB refuses; SOURCE_NOT_PERMITTED when it reads
   *   anything outside the sources; RECORDS_DAMAGED. Reading the rows may throw the same errors
   */
  async ask(sql: string): Promise<Answer> {
    this.refuseInterrupted();
    const statement = sql.replace(/[;\s]+$/, '');
    try {
      if (this.isUnsafe) return await this.answerOfAny(statement);
      await this.session.makeFor(statement);
      return await this.answerOf(statement, await this.prepared(statement));
    } catch (error) {
      this.refuseInterrupted();
      throw this.failed(error);
    }
  }

  /** Where a name is not known, all that there is must be: for what DuckDB proposes, and for names put together of texts. */
  private async prepared(statement: string): Promise<DuckDBPreparedStatement> {
    try {
      return await this.prepare(statement);
    } catch (error) {
      if (this.session.isWhole || !messageOf(error).includes('Catalog Error')) throw error;
      await this.session.makeFor(null);
      return this.prepare(statement);
    }
  }

  private answerOf(statement: string, prepared: DuckDBPreparedStatement): Answer {
    const indices = Array.from({ length: prepared.columnCount }, (_, index) => index);
    const columns = answerColumns(
      indices.map((index) => prepared.columnName(index)),
      indices.map((index) => prepared.columnType(index)),
      (index) => `c${index}`,
    );
    prepared.destroySync();
    const query = `SELECT ${columns.map(({ expression }) => expression).join(', ')} ${selectionOf(statement)} AS answer(${indices.map((index) => `c${index}`).join(', ')})`;
    return { recordType: answerType(columns.map(({ column }) => column)), rows: this.rows(query, columns) };
  }

  /** Runs all statements but the last, whose answer is given; what one that does not select says is text. */
  private async answerOfAny(statements: string): Promise<Answer> {
    const { connection } = this.session;
    const count = statements === '' ? 0 : (await connection.extractStatements(statements)).count;
    if (count === 0) throw new PoolTrackerError('USAGE', 'query: expected a statement, found none');
    const [before, last] = await this.lastOf(statements, count);
    if (before !== '') await connection.run(before);
    const selection = await connection.extractStatements(selectionOf(last)).catch(() => null);
    if (selection?.count === 1) return this.answerOf(last, await selection.prepare(0));
    const result = await connection.runAndReadAll(last);
    const names = result.columnNames();
    const rows = result
      .getRowsJson()
      .map((values) =>
        Object.fromEntries(values.map((value, index) => [names[index]!, value === null ? null : String(value)])),
      );
    const columns = names.map((name) => nullableColumn(name, 'string', 'A column of an answer.'));
    return { recordType: answerType(columns), rows: readable(rows) };
  }

  /** Statements but the last, and the last: a semicolon divides them when both sides are statements. */
  private async lastOf(statements: string, count: number): Promise<readonly [before: string, last: string]> {
    const { connection } = this.session;
    const countOf = async (text: string): Promise<number> =>
      (await connection.extractStatements(text).catch(() => null))?.count ?? -1;
    for (let at = statements.lastIndexOf(';'); count > 1 && at > 0; at = statements.lastIndexOf(';', at - 1)) {
      const [before, last] = [statements.slice(0, at), statements.slice(at + 1)];
      if ((await countOf(last)) === 1 && (await countOf(before)) === count - 1) return [before, last];
    }
    return ['', statements];
  }

  /**
   * A view or a question of schemas/duckdb.sql.
   * @param values for its parameters: in order, or as `name=value`
   * @throws PoolTrackerError USAGE when there is none of this name; as `ask`
   */
  async askView(name: string, values: readonly string[] = []): Promise<Answer> {
    await this.session.makeFor(name);
    let views = await this.views();
    if (!views.has(name)) {
      await this.session.makeFor(null);
      views = await this.views();
    }
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
      SELECT CASE database_name WHEN 'temp' THEN '' ELSE database_name || '.' END || name, parameters FROM (
        SELECT database_name, view_name AS name, NULL AS parameters FROM duckdb_views() WHERE NOT internal
        UNION ALL
        SELECT database_name, function_name, to_json(parameters)::VARCHAR FROM duckdb_functions()
        WHERE function_type = 'table_macro' AND NOT internal
      )`);
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
      await this.session.makeFor(`${IMAGE.name} ${POOL_TAG.name}`);
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
    if (selection?.count !== 1)
      throw new PoolTrackerError('USAGE', 'query: expected a statement that selects, found one that does not', {
        hint: 'records are only read here; --unsafe allows all that DuckDB can do',
      });
    await this.refuseDeeds(statement);
    return selection.prepare(0);
  }

  /** Refuses what does something though it selects, also where a text that is run as a query does. */
  private async refuseDeeds(statement: string): Promise<void> {
    const explained = await this.session.connection.runAndReadAll(`EXPLAIN (FORMAT json) ${selectionOf(statement)}`);
    const plans = explained.getRowsJson().map(([, plan]) => JSON.parse(String(plan)) as unknown);
    const deed = operators(plans).find((name) => DOES_SOMETHING.test(name));
    if (deed === undefined) return;
    throw new PoolTrackerError(
      'USAGE',
      `query: expected a statement that only selects, found ${deed.toLowerCase()}()`,
      {
        hint: 'records are only read here; --unsafe allows all that DuckDB can do',
      },
    );
  }

  private async *rows(query: string, columns: readonly AnswerColumn[]): AsyncGenerator<Row> {
    try {
      const result = await this.session.connection.stream(query);
      for await (const chunk of result.yieldRows()) {
        for (const values of chunk) yield answerRow(values, columns);
      }
      // DuckDB ends the rows then as if there were no more.
      this.refuseInterrupted();
    } catch (error) {
      throw this.failed(error);
    }
  }

  /**
   * A failure of DuckDB as one line, without the excerpt of the statement, which is not exactly the one that was asked.
   */
  private failed(error: unknown): PoolTrackerError {
    if (error instanceof PoolTrackerError) return error;
    const message = messageOf(error)
      .replace(/ LINE \d+: .*$/s, '')
      .replace(/^Failed to extract statements: /, '');
    const as = (code: 'SOURCE_NOT_PERMITTED' | 'RECORDS_DAMAGED' | 'USAGE', hint?: string): PoolTrackerError =>
      new PoolTrackerError(code, `query: ${message}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
    if (message.startsWith('Permission Error'))
      return as(
        'SOURCE_NOT_PERMITTED',
        'a query reads its records and nothing else; --unsafe allows all that DuckDB can do',
      );
    if (this.session.isAboutRecords(message)) return as('RECORDS_DAMAGED');
    const tooWide = message.startsWith('Conversion Error') && /INT128|UINT64|UINT128/.test(message);
    return as('USAGE', tooWide ? 'a number of more than 64 bits: cast it to VARCHAR' : undefined);
  }

  /** Ends the question that is being answered, if there is one: it fails, as every later one does. */
  interrupt(): void {
    this.isInterrupted = true;
    this.session.connection.interrupt();
  }

  private refuseInterrupted(): void {
    if (this.isInterrupted) throw new PoolTrackerError('USAGE', 'query: it was interrupted');
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

async function* readable(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

/**
 * `min_growth=0.5` names a parameter; its value may be a number. Anything else is text, which DuckDB casts as needed.
 */
function argument(value: string, parameters: readonly string[]): string {
  const named = /^([a-z_]+)=(.*)$/s.exec(value);
  if (named === null || !parameters.includes(named[1]!)) return sqlText(value);
  return `${named[1]!} := ${/^-?\d+(\.\d+)?$/.test(named[2]!) ? named[2]! : sqlText(named[2]!)}`;
}
