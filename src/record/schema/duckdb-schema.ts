import { type ColumnType, type RecordType, SCHEMA_VERSION } from './record-type.js';

/** As a set of characters in a pattern: the versions are single digits. */
const VERSIONS = `[1-${SCHEMA_VERSION}]`;

/** The DuckDB type of each column type. */
export const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'VARCHAR',
  bool: 'BOOLEAN',
  int32: 'INTEGER',
  uint32: 'UINTEGER',
  int64: 'BIGINT',
  float64: 'DOUBLE',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The DuckDB table of a record type as text, with the description of each column as its comment. */
export function duckdbTableText(recordType: RecordType): string {
  const columns = recordType.columns.map(
    (column) => `  ${column.name} ${DUCKDB_TYPES[column.type]}${column.nullable ? '' : ' NOT NULL'}`,
  );
  const comments = recordType.columns.map(
    (column) => `COMMENT ON COLUMN ${recordType.name}.${column.name} IS ${quoted(column.description)};`,
  );
  return [
    `-- Schema version ${SCHEMA_VERSION}.`,
    `CREATE TABLE ${recordType.name} (`,
    columns.join(',\n'),
    ');',
    `COMMENT ON TABLE ${recordType.name} IS ${quoted(recordType.description)};`,
    ...comments,
    '',
  ].join('\n');
}

const HEAD = `-- Questions over a dataset of pool-tracker records, for DuckDB 1.4 or later: views and table macros.
--
--     cd DATASET && duckdb -init duckdb.sql
--
-- or, for a dataset elsewhere (a bucket too, with the extension httpfs), before this file is read:
--
--     SET VARIABLE dataset = 's3://bucket/lake';

SET VARIABLE dataset = coalesce(getvariable('dataset'), '.');

-- A path as a pattern that matches it alone.
CREATE OR REPLACE TEMP MACRO literal(path) AS regexp_replace(path, '([*?\\[])', '[\\1]', 'g');

-- Where files are, as patterns. A dataset has DATASET/RECORD/v=VERSION/KEY=VALUE/.../NAME.ENDING. There may be several
-- datasets (the variable datasets, a list), and files outside of any (loose_files, a map from RECORD.ENDING to patterns).
CREATE OR REPLACE TEMP MACRO files_in(record, ending, below) AS list_concat(
  list_transform(coalesce(getvariable('datasets'), [getvariable('dataset')]), lambda d: literal(d) || '/' || record || below || '*.' || ending),
  coalesce(getvariable('loose_files')[record || '.' || ending], []::VARCHAR[]));
CREATE OR REPLACE TEMP MACRO record_files(record, ending) AS files_in(record, ending, '/v=${VERSIONS}/**/');
CREATE OR REPLACE TEMP MACRO journal_files() AS files_in('_journal', 'ndjson', '/');

-- A list of texts as the SQL that makes it.
CREATE OR REPLACE TEMP MACRO list_text(texts) AS
  '[' || array_to_string(list_transform(texts, lambda t: '''' || replace(t, '''', '''''') || ''''), ', ') || ']';

-- What the name of a folder KEY=VALUE above a file says, always as text (a host named 007 is not 7). Only this one name
-- is null: DuckDB's own reading makes a null of the host NULL, too. A filter on it leaves other files unopened.
CREATE OR REPLACE TEMP MACRO folder_value(file, folder_key) AS CASE
  WHEN regexp_extract(file, '.*/' || folder_key || '=([^/]*)/', 1) NOT IN ('', '__HIVE_DEFAULT_PARTITION__')
  THEN url_decode(regexp_extract(file, '.*/' || folder_key || '=([^/]*)/', 1)) END;

-- A dataset may have a table's log for each kind of records (RECORD/_delta_log, RECORD/metadata). Files of earlier versions
-- of the table stay for a while, and those of a compaction come before they count: what the log of Delta and the journal
-- say of them, or the journal alone beside Iceberg's metadata. Where there is no log, files are all there is.
CREATE OR REPLACE TEMP MACRO log_of(record, ending, reader, options) AS (
  SELECT CASE WHEN count(*) = 0 THEN '' ELSE
    ' UNION ALL SELECT filename, "add".path, "remove".path FROM ' || reader || '(' || list_text(list(literal(file)))
    || ', filename = true' || options || ')' END
  FROM glob(files_in(record, ending, '/_delta_log/')));
CREATE OR REPLACE TEMP MACRO log_query(record) AS
  'SELECT NULL::VARCHAR AS log, NULL::VARCHAR AS added, NULL::VARCHAR AS removed WHERE false'
  || log_of(record, 'json', 'read_ndjson', ', maximum_object_size = 67108864, columns = {'
       || '"add": ''STRUCT(path VARCHAR)'', "remove": ''STRUCT(path VARCHAR)''}')
  || log_of(record, 'checkpoint.parquet', 'read_parquet', '');
CREATE OR REPLACE TEMP MACRO merging_query() AS (
  SELECT CASE WHEN count(*) = 0 THEN 'SELECT NULL::VARCHAR AS file, NULL::BOOLEAN AS is_input, NULL::BOOLEAN AS is_merged WHERE false' ELSE
    'WITH told AS (
       SELECT regexp_replace(any_value(filename), ''/_journal/[^/]*$'', ''/'') AS root,
         arg_max(inputs, "at" * 4 + list_position(states, state)) AS inputs,
         arg_max(outputs, "at" * 4 + list_position(states, state)) AS outputs,
         arg_max(state, "at" * 4 + list_position(states, state)) AS state
       FROM read_ndjson(' || list_text(list(literal(file))) || ', filename = true, ignore_errors = true,
         maximum_object_size = 67108864,
         columns = {type: ''VARCHAR'', "at": ''BIGINT'', id: ''VARCHAR'', state: ''VARCHAR'', inputs: ''VARCHAR[]'',
           outputs: ''VARCHAR[]''}), (SELECT [''begun'', ''merged'', ''done'', ''undone''] AS states)
       WHERE type = ''compaction'' AND list_contains(states, state)
       GROUP BY regexp_replace(filename, ''/[^/]*$'', ''''), id
     )
     SELECT root || unnest(inputs) AS file, true AS is_input, state <> ''begun'' AS is_merged FROM told WHERE state <> ''undone''
     UNION ALL
     SELECT root || unnest(outputs), false, false FROM told WHERE state = ''begun''' END
  FROM glob(journal_files()));

-- What reads the files of one format; nothing when there are none, which DuckDB would refuse, as it does a pattern
-- without a file: of several patterns the files are told one by one. The columns are told, so
-- that DuckDB does not look into every file for them; what a file of an older version of the schema lacks is null. The
-- keys in the names of folders are columns, too, but host only where all files have it there: while compaction leaves
-- out a key, files lie both ways.
CREATE OR REPLACE TEMP MACRO records_of(record, reader, ending, names, hidden, options) AS (
  WITH found AS (
    SELECT file, list_distinct(regexp_extract_all(regexp_extract(file, '.*/' || record || '/(v=.*/)', 1), '([^/=]+)=[^/]*/', 1)) AS keys
    FROM glob(record_files(record, ending))
    WHERE file NOT IN (SELECT unnest(hidden))
  ), folders AS (
    SELECT count(*) AS files,
      CASE WHEN len(record_files(record, ending)) = 1 AND len(hidden) = 0 THEN record_files(record, ending) ELSE list(literal(file)) END AS patterns,
      coalesce(bool_and(list_contains(keys, 'host')), false) AS all_have_host,
      list_sort(list_filter(list_distinct(flatten(list(keys))), lambda k: NOT list_contains(names, k))) AS keys
    FROM found
  )
  SELECT CASE WHEN files = 0 THEN '' ELSE
    ' UNION ALL BY NAME SELECT * EXCLUDE (filename)'
    || CASE WHEN all_have_host THEN ' REPLACE (folder_value(filename, ''host'') AS host)' ELSE '' END
    || coalesce(array_to_string(list_transform(keys, lambda k:
         ', folder_value(filename, ''' || replace(k, '''', '''''') || ''') AS "' || replace(k, '"', '""') || '"'), ''), '')
    || ' FROM ' || reader || '(' || list_text(patterns) || ', filename = true, hive_partitioning = false' || options || ')'
  END FROM folders);

-- All records of one type: every column is there whatever the files lack, and so is the view when there are no files.
CREATE OR REPLACE TEMP MACRO records_query(record, columns, hidden) AS
  'SELECT ' || array_to_string(list_transform(columns, lambda c: 'NULL::' || c.type || ' AS ' || c.name), ', ') || ' WHERE false'
  || records_of(record, 'read_parquet', 'parquet', list_transform(columns, lambda c: c.name), coalesce(hidden, []::VARCHAR[]), ', schema = MAP {'
       || array_to_string(list_transform(columns, lambda c:
            '''' || c.name || ''': {name: ''' || c.name || ''', type: ''' || c.type || ''', default_value: NULL}'), ', ') || '}')
  || records_of(record, 'read_ndjson', 'ndjson*', list_transform(columns, lambda c: c.name), []::VARCHAR[], ', columns = {'
       || array_to_string(list_transform(columns, lambda c: c.name || ': ''' || c.type || ''''), ', ') || '}');
`;

const MERGING = `SET VARIABLE merging_files_query = merging_query();
`;

/** Of files that are there and do not count: merged, as the table says, or of a compaction that is not committed. */
const HIDDEN = `(
  WITH said AS (
    SELECT regexp_replace(log, '/_delta_log/[^/]*$', '/') AS folder, url_decode(coalesce(added, removed)) AS path,
      arg_max(removed IS NOT NULL, log) AS gone
    FROM query(getvariable('RECORD_log_query'))
    WHERE coalesce(added, removed) IS NOT NULL
    GROUP BY folder, path
  ), silent AS (
    SELECT regexp_replace(file, 'metadata/[^/]*$', '') AS folder FROM glob(files_in('RECORD', 'text', '/metadata/'))
    WHERE regexp_replace(file, 'metadata/[^/]*$', '') NOT IN (SELECT folder FROM said)
  ), merging AS (
    SELECT *, regexp_extract(file, '^(.*/RECORD/)v=', 1) AS folder FROM query(getvariable('merging_files_query'))
  )
  SELECT list(file) FROM (
    SELECT file FROM merging
    WHERE is_input
      AND (file IN (SELECT folder || path FROM said WHERE gone) OR is_merged AND folder IN (SELECT folder FROM silent))
    UNION
    SELECT file FROM merging
    WHERE NOT is_input
      AND (folder IN (SELECT folder FROM silent)
        OR file NOT IN (SELECT folder || path FROM said WHERE NOT gone) AND folder IN (SELECT folder FROM said))
  )
)`;

function viewText({ name, description, columns }: RecordType): string {
  const list = columns.map((column) => `  {name: '${column.name}', type: '${DUCKDB_TYPES[column.type]}'}`).join(',\n');
  return `-- ${description}
SET VARIABLE ${name}_log_query = log_query('${name}');
SET VARIABLE ${name}_hidden_query = ${HIDDEN.replaceAll('RECORD', name)};
SET VARIABLE ${name}_query = records_query('${name}', [
${list}
], getvariable('${name}_hidden_query'));
CREATE OR REPLACE TEMP VIEW ${name} AS FROM query(getvariable('${name}_query'));
`;
}

/**
 * DuckDB statements that make a view of each record type over a dataset, whether its files are Parquet, NDJSON, both or
 * none, and then the questions.
 *
 * @param questions statements that use those views
 */
export function duckdbViewsText(recordTypes: readonly RecordType[], questions: string): string {
  return [HEAD, MERGING, ...recordTypes.map(viewText), questions].join('\n');
}
