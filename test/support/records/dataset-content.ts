import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { queryDuckdb } from './duckdb.js';

/** The files of a dataset that are neither its journal nor the log of a table, sorted, with `/`. */
export async function datasetFiles(dataset: string): Promise<string[]> {
  const entries = await readdir(dataset, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(dataset.length + 1)
        .replaceAll('\\', '/'),
    );
  return files.filter((path) => !path.startsWith('_journal/') && !/\/(_delta_log|metadata)\//.test(path)).sort();
}

/**
 * Every row of one record type as DuckDB reads it, sorted; `file` is where it lies. Without `elapsed_ms`, which differs
 * from run to run.
 */
export function datasetRows(dataset: string, record: string): Promise<Record<string, unknown>[]> {
  const leftOut = record === 'image' ? 'filename, elapsed_ms' : 'filename';
  return queryDuckdb(`SELECT replace(filename, '${dataset}/', '') AS file, * EXCLUDE (${leftOut})
    FROM read_parquet('${dataset}/${record}/v=*/**/*.parquet', filename = true, hive_partitioning = false) ORDER BY ALL`);
}

/** Files and rows: what two datasets of the same images have in common. */
export async function datasetContent(dataset: string): Promise<object> {
  return {
    files: await datasetFiles(dataset),
    tags: await datasetRows(dataset, 'pool_tag'),
    images: await datasetRows(dataset, 'image'),
  };
}
