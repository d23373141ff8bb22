import { SCHEMA_VERSION, type ColumnType, type RecordType } from './schema/record-type.js';

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

/** The DuckDB table of a record type, with what each column means as its comment, as text. */
export function duckdbTableText(recordType: RecordType): string {
  const columns = recordType.columns.map((column) => `  ${column.name} ${DUCKDB_TYPES[column.type]}${column.nullable ? '' : ' NOT NULL'}`);
  const comments = recordType.columns.map((column) => `COMMENT ON COLUMN ${recordType.name}.${column.name} IS ${quoted(column.description)};`);
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
