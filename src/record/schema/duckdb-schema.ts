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

-- A dataset has DATASET/RECORD/v=VERSION/KEY=VALUE/.../NAME.ENDING; the path itself is no pattern. Older versions of the
-- schema lack columns, which are null.
CREATE OR REPLACE TEMP MACRO record_files(record, ending) AS
  regexp_replace(getvariable('dataset'), '([*?\\[])', '[\\1]', 'g') || '/' || record || '/v=${VERSIONS}/**/*.' || ending;

CREATE OR REPLACE TEMP MACRO journal_files() AS
  regexp_replace(getvariable('dataset'), '([*?\\[])', '[\\1]', 'g') || '/_journal/*.ndjson';

-- How the folders are named: how many different lists of keys there are. None without files; two while compaction
-- leaves out a key.
CREATE OR REPLACE TEMP MACRO partitionings(record, ending) AS
  (SELECT count(DISTINCT regexp_extract_all(file, '([^/=]+)=[^/]*/', 1)) FROM glob(record_files(record, ending)));

-- What reads the files of one format; nothing when there are none, which DuckDB would refuse. The values in the
-- names of folders are read as text (a host named 007 is not 7), unless the folders differ, which DuckDB refuses, too.
CREATE OR REPLACE TEMP MACRO records_of(record, reader, ending, options) AS
  CASE WHEN partitionings(record, ending) = 0 THEN '' ELSE
    ' UNION ALL BY NAME FROM ' || reader || '(''' || replace(record_files(record, ending), '''', '''''') || ''', union_by_name = true'
    || ', hive_partitioning = ' || (partitionings(record, ending) = 1) || ', hive_types_autocast = false' || options || ')'
  END;

-- All records of one type: every column is there whatever the files lack, and so is the view when there are no files.
CREATE OR REPLACE TEMP MACRO records_query(record, columns) AS
  'SELECT ' || array_to_string(list_transform(columns, lambda c: 'NULL::' || c.type || ' AS ' || c.name), ', ') || ' WHERE false'
  || records_of(record, 'read_parquet', 'parquet', '')
  || records_of(record, 'read_ndjson', 'ndjson*', ', columns = {'
       || array_to_string(list_transform(columns, lambda c: c.name || ': ''' || c.type || ''''), ', ') || '}');
`;

function viewText({ name, description, columns }: RecordType): string {
  const list = columns.map((column) => `  {name: '${column.name}', type: '${DUCKDB_TYPES[column.type]}'}`).join(',\n');
  return `-- ${description}
SET VARIABLE ${name}_query = records_query('${name}', [
${list}
]);
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
  return [HEAD, ...recordTypes.map(viewText), questions].join('\n');
}
