/** Time and bytes of `scan` on the same sparse memory from a file, over HTTP and out of a bucket, both on loopback. */
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSource } from '../src/source/local/file-source.js';
import { generateMemory } from '../test/support/generate/memory.js';
import { RangeServer } from '../test/support/sources/range-server.js';
import { S3Server } from '../test/support/sources/s3-server.js';
import { writeRaw } from '../test/support/write/raw.js';
import { CLI, fastest, folder, printTable, runNode } from './measure.js';

const GIB = 2 ** 30;
const RUNS = 3;
const SIZES = [8, 64];

export async function run(): Promise<void> {
  const rows = [['memory', 'time, ms', 'times the file', 'MiB read', 'requests', 'peak MiB']];
  for (const size of SIZES) {
    const image = join(folder(), `remote-${size}.raw`);
    await writeRaw(
      generateMemory({ layout: 80, processors: 12, tableSlots: 4096, tagCount: 2600, memoryBytes: size * GIB }),
      image,
    );
    const file = await FileSource.open(image);
    const web = await new RangeServer({ 'memory.raw': file }).start();
    const bucket = await S3Server.start();
    const object = await bucket.put(`memory-${size}.raw`, (path) => link(image, path));
    let ofFile = 0;
    for (const [place, location, requests] of [
      ['a file', image, () => 0],
      ['HTTP', web.url('memory.raw'), () => web.requests.length],
      ['a bucket', object, () => bucket.requests],
    ] as const) {
      const best = await fastest(RUNS, () => runNode([CLI, 'scan', location, '-q']));
      const asked = requests();
      const about = await runNode([CLI, 'scan', location, '-q', '-o', 'image=-', '--format', 'ndjson']);
      const { bytes_read: read } = JSON.parse(about.stdout) as { bytes_read: number };
      ofFile ||= best.milliseconds;
      rows.push([
        `${size} GiB from ${place}`,
        best.milliseconds.toFixed(0),
        (best.milliseconds / ofFile).toFixed(1),
        (read / 2 ** 20).toFixed(1),
        String(requests() - asked),
        best.peakMiB.toFixed(0),
      ]);
    }
    await Promise.all([web.stop(), bucket.stop(), file.close()]);
  }
  printTable('The same memory from elsewhere (aim for 64 GiB out of a bucket: 48 MiB)', rows);
}
