import type { ColumnType, RecordType } from '../../../record/schema/record-type.js';

/**
 * The types of Delta. It has none without a sign: what has 32 bits without one is a long, as Spark reads it in Parquet.
 */
const TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'integer',
  uint32: 'long',
  int64: 'long',
  float64: 'double',
  timestamp: 'timestamp',
};

/**
 * The columns of a table as its log states them: those of the record type, then those that only the names of folders
 * have. All may be null: files of older schema versions lack some.
 * @param partition the keys of the dataset's folders
 */
export function tableColumns({ columns }: RecordType, partition: readonly string[]): string {
  const own = columns.map(({ name, type, description }) => field(name, TYPES[type], description));
  const others = partition
    .filter((key) => columns.every(({ name }) => name !== key))
    .map((key) => field(key, key === 'date' ? 'date' : 'string', `In the names of folders: ${key}=…`));
  return JSON.stringify({ type: 'struct', fields: [...own, ...others] });
}

function field(name: string, type: string, comment: string): object {
  return { name, type, nullable: true, metadata: { comment } };
}
