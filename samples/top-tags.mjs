/** Shows the tags that hold the most memory in a Parquet file of pool_tag records. Usage: node samples/top-tags.mjs FILE */
import { DuckDBInstance } from '@duckdb/node-api';

const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const file = process.argv[2].replaceAll("'", "''");
const result = await connection.runAndReadAll(`
  SELECT regexp_extract(image_path, '[^/]*$') AS image, windows_version AS windows, tag, complete,
         nonpaged_bytes + paged_bytes AS bytes, nonpaged_outstanding + paged_outstanding AS outstanding
  FROM '${file}' ORDER BY bytes DESC LIMIT 10`);
console.table(result.getRowObjectsJson());
