import { PoolTrackerError } from '../../errors.js';

/** A statement of schemas/duckdb.sql. */
interface Statement {
  readonly sql: string;
  /** What it makes: a view, a macro, or a variable, which says what files there are now. */
  readonly name: string;
  readonly isVariable: boolean;
  /** The words of its text that are names of what others make. */
  readonly needs: readonly string[];
}

const MAKES = /^(SET VARIABLE|CREATE OR REPLACE (?:TEMP )?(?:VIEW|MACRO)) (?:\w+\.)?(\w+)/;

/** Words of SQL that ask what there is, or that run a text as a statement: names may be anywhere then. */
const ASKS_FOR_ALL =
  /\b(?:duckdb_\w+|information_schema|pg_\w+|sqlite_\w+|pragma\w*|show|describe|summarize|query|query_table)\b/i;

/** Parts of a statement that end with `;` at the end of a line, without lines that are comments. */
function statementsOf(script: string): string[] {
  return script
    .replace(/^--.*$/gm, '')
    .split(/;[ \t]*$/m)
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '');
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/\w+/g) ?? []);
}

/**
 * The statements of a script in the style of schemas/duckdb.sql, each run when a question first names what it makes: all of
 * them take DuckDB half a second. Variables are set again for what is made later, so that a view sees the files as they
 * are when it is made.
 */
export class MadeOnDemand {
  private readonly statements: readonly Statement[];
  private readonly byName: ReadonlyMap<string, Statement>;
  private readonly made = new Set<Statement>();

  constructor(script: string) {
    const made = statementsOf(script).map((sql) => {
      const [, kind, name] = MAKES.exec(sql) ?? [];
      if (kind === undefined || name === undefined)
        throw new PoolTrackerError(
          'INTERNAL',
          `schemas/duckdb.sql: expected statements that make something, found ${sql}`,
        );
      return { sql, name: name.toLowerCase(), isVariable: kind === 'SET VARIABLE' };
    });
    const names = new Set(made.map(({ name }) => name));
    this.statements = made.map((one) => ({
      ...one,
      needs: [...wordsOf(one.sql)].filter((word) => names.has(word) && word !== one.name),
    }));
    this.byName = new Map(this.statements.map((statement) => [statement.name, statement]));
  }

  /** Whether there is nothing left to make. */
  get isWhole(): boolean {
    return this.statements.every((statement) => statement.isVariable || this.made.has(statement));
  }

  /**
   * What has to be run before a question can be asked, in order; '' for nothing. It counts as made then.
   * @param question null: whatever may be asked
   */
  take(question: string | null): string {
    const all = question === null || ASKS_FOR_ALL.test(question);
    const missing = this.missing(all ? this.byName.keys() : wordsOf(question));
    for (const statement of missing) this.made.add(statement);
    return this.statements
      .filter((statement) => missing.has(statement))
      .map(({ sql }) => `${sql};\n`)
      .join('');
  }

  /** The views and macros of these names that are not made, what they need, and the variables that those read. */
  private missing(names: Iterable<string>): Set<Statement> {
    const found = new Set<Statement>();
    const look = (name: string): void => {
      const statement = this.byName.get(name);
      if (statement === undefined || found.has(statement)) return;
      if (!statement.isVariable && this.made.has(statement)) return;
      found.add(statement);
      statement.needs.forEach(look);
    };
    for (const name of names) {
      const statement = this.byName.get(name);
      if (statement !== undefined && !statement.isVariable) look(name);
    }
    return found;
  }
}
