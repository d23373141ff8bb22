/** Pages into one Arrow table, for what reads columns. Usage: npx tsx samples/library/arrow-table.ts IMAGE */
import { pipeline } from 'node:stream/promises';
import { type RecordBatch, Table } from 'apache-arrow';
import { openScan, PoolTagTransform } from 'pool-tracker';

const scan = await openScan(process.argv[2] ?? '-');
try {
  const batches: RecordBatch[] = [];
  await pipeline(scan.pages(), new PoolTagTransform(scan.decoder()), async (made: AsyncIterable<RecordBatch>) => {
    for await (const batch of made) batches.push(batch);
  });
  const table = new Table(batches);
  const bytes = table.getChild('nonpaged_bytes') as Iterable<bigint> | null;
  let sum = 0n;
  for (const value of bytes ?? []) sum += value;
  console.log(`${table.numRows} rows, ${table.numCols} columns, ${sum} nonpaged bytes`);
} finally {
  await scan.close();
}
