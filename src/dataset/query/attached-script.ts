import { PoolTrackerError } from '../../errors.js';

/** Names that DuckDB has for databases and schemas of its own. */
const TAKEN = new Set(['main', 'memory', 'system', 'temp', 'information_schema', 'pg_catalog']);

/**
 * Checks a name that views may have before their own.
 * @param reserved words of SQL
 * @throws PoolTrackerError USAGE
 */
export function checkAttachedName(name: string, reserved: ReadonlySet<string> = new Set()): void {
  const problem = !/^[a-z_][a-z0-9_]*$/.test(name)
    ? 'a name is lower-case letters, digits and _'
    : TAKEN.has(name) || reserved.has(name)
      ? 'DuckDB has it for itself'
      : null;
  if (problem === null) return;
  throw new PoolTrackerError('USAGE', `the name '${name}' for an attached dataset: ${problem}`, {
    hint: 'NAME=DATASET, and its views are NAME.pool_tags, NAME.images, ...',
  });
}

/**
 * The statements of schemas/duckdb.sql with all that they make in a database of this name. Macros look tables up where
 * they are called, so every name gets its database before it: of views where a table is expected, of macros where they
 * are called. Columns that bear the same names stay.
 */
export function attachedScript(script: string, database: string): string {
  const made = [...script.matchAll(/^CREATE OR REPLACE TEMP (VIEW|MACRO) (\w+)/gm)];
  const namesOf = (kind: string): string => made.flatMap(([, of, name]) => (of === kind ? [name!] : [])).join('|');
  return script
    .replace(/^CREATE OR REPLACE TEMP /gm, 'CREATE OR REPLACE ')
    .replace(/(?<=^SET VARIABLE |getvariable\(')(?=\w+_query\b)/gm, `${database}_`)
    .replace(
      new RegExp(`(?<=^CREATE OR REPLACE VIEW |\\b(?:FROM|JOIN) )(?=(?:${namesOf('VIEW')})\\b(?!\\())`, 'gm'),
      `${database}.`,
    )
    .replace(new RegExp(`\\b(?=(?:${namesOf('MACRO')})\\()`, 'g'), `${database}.`);
}
