/** Peak memory of a batch of few and of many images, which is to be the same. */
import { join } from 'node:path';
import { writeSmallImages } from '../test/support/images/dataset-images.js';
import { batch } from './batch.js';
import { CLI, folder, printTable, runNode } from './measure.js';

/** Images that are compared; `IMAGES=200,20000` takes a quarter of an hour. */
const COUNTS = (process.env.IMAGES ?? '200,2000').split(',').map(Number);

export async function run(): Promise<void> {
  const table: string[][] = [['images', 'time, s', 'peak MiB', 'again, all done, s']];
  for (const count of COUNTS) {
    const images = join(folder(), `small-${count}`);
    await writeSmallImages(images, count, 40);
    const run = await batch(images, 2);
    const again = await runNode([CLI, 'batch', images, '--out', join(folder(), 'lake'), '--quiet']);
    table.push([
      String(count),
      (run.milliseconds / 1000).toFixed(1),
      run.peakMiB.toFixed(0),
      (again.milliseconds / 1000).toFixed(2),
    ]);
  }
  printTable('Batch: peak memory, 2 jobs (aim: flat)', table);
}
