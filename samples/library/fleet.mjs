/**
 * Images of many machines into a dataset, and a question over all of them. Needs @duckdb/node-api.
 * Usage: node samples/library/fleet.mjs FOLDER DATASET
 */
import { batch, query } from 'pool-tracker';

const [folder, dataset] = process.argv.slice(2);
const { counts } = await batch(folder, dataset, {
  labelsFrom: ['/(?<host>[^/]+)/[^/]+$'],
  onImage: ({ path, status, message }) => console.error(path, status, message ?? ''),
});
console.log(`${counts.ok} whole, ${counts.incomplete} incomplete, ${counts.failed} failed`);
const largest = query(dataset, 'SELECT host, max(nonpaged_bytes) AS bytes FROM pool_tags GROUP BY host ORDER BY host');
for await (const { host, bytes } of largest) console.log(`${host}: ${bytes}`);
