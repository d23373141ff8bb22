/** Finds and sums the tables of every image in a folder, one after another, and writes nothing: `node scan-alone.mjs FOLDER`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tryOpenScan } from '../dist/scan/open-scan.js';
import { decodeScan } from '../dist/scan/scan.js';

const folder = process.argv[2];
for (const name of readdirSync(folder)) {
  const scan = await tryOpenScan(join(folder, name), {});
  if ('outcome' in scan) throw scan.outcome.error;
  await decodeScan(scan, false);
  await scan.close();
}
