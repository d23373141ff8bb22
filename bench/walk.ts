/**
 * Whole-process time, bytes read and peak memory of `scan` on sparse raw images of 1, 16 and 64 GiB, against `node -e 0`;
 * of 64 GiB also `info`, and `scan` into NDJSON and Parquet.
 */
import { join } from 'node:path';
import { generateMemory } from '../test/support/generate/memory.js';
import type { MemoryPlan } from '../test/support/generate/memory-plan.js';
import { writeRaw } from '../test/support/write/raw.js';
import { CLI, fastest, folder, printTable, type ProcessRun, runNode } from './measure.js';

const GIB = 2 ** 30;
const RUNS = 5;

const KERNELS: Readonly<Record<string, MemoryPlan>> = {
  'known build': { layout: 80, processors: 12, tableSlots: 4096, tagCount: 2600 },
  'structure only': { layout: 80, processors: 12, tableSlots: 4096, tagCount: 2600, build: 'unknown', kdbg: 'encoded' },
};

export async function run(): Promise<void> {
  const empty = await fastest(RUNS, () => runNode(['-e', '0']));
  const rows = [
    ['image', 'time, ms', 'times `node -e 0`', 'MiB read', 'peak MiB'],
    ['`node -e 0`', empty.milliseconds.toFixed(0), '1.0', '0', empty.peakMiB.toFixed(0)],
  ];
  for (const [kernel, plan] of Object.entries(KERNELS)) {
    for (const size of [1, 16, 64]) {
      const image = join(folder(), `${size}.raw`);
      await writeRaw(generateMemory({ ...plan, memoryBytes: size * GIB }), image);
      const scan = await fastest(RUNS, () => runNode([CLI, 'scan', image, '-q']));
      const about = await runNode([CLI, 'scan', image, '-q', '-o', 'image=-', '--format', 'ndjson']);
      const { bytes_read: read } = JSON.parse(about.stdout) as { bytes_read: number };
      rows.push([
        `${size} GiB, ${kernel}`,
        scan.milliseconds.toFixed(0),
        (scan.milliseconds / empty.milliseconds).toFixed(1),
        (read / 2 ** 20).toFixed(1),
        scan.peakMiB.toFixed(0),
      ]);
    }
  }
  const image = join(folder(), '64.raw');
  await writeRaw(generateMemory({ ...KERNELS['known build']!, memoryBytes: 64 * GIB }), image);
  const [ndjson, parquet] = [join(folder(), 'tags.ndjson'), join(folder(), 'tags.parquet')];
  const commands: Readonly<Record<string, readonly string[]>> = {
    '`node -e 0`': ['-e', '0'],
    '`info`': [CLI, 'info', image],
    '`scan` into NDJSON': [CLI, 'scan', image, '-q', '-o', ndjson, '--force'],
    '`scan` into Parquet': [CLI, 'scan', image, '-q', '-o', parquet, '--force'],
  };
  const least = new Map<string, ProcessRun>();
  // In turn: what else the machine does meets all of them alike.
  for (let run = 0; run < 2 * RUNS; run++) {
    for (const [name, words] of Object.entries(commands)) {
      const one = await runNode(words);
      if (one.milliseconds < (least.get(name)?.milliseconds ?? Infinity)) least.set(name, one);
    }
  }
  const base = least.get('`node -e 0`')!.milliseconds;
  const outputs = [...least].map(([name, { milliseconds, peakMiB }]) => [
    name,
    milliseconds.toFixed(0),
    (milliseconds / base).toFixed(1),
    peakMiB.toFixed(0),
  ]);
  const heads = ['64 GiB, known build', 'time, ms', 'times `node -e 0`', 'peak MiB'];
  printTable('One image, whole process (aim: 3 times `node -e 0` into NDJSON, 4 into Parquet)', [heads, ...outputs]);
  printTable('Walking a sparse raw image (aim at 64 GiB: 6 and 10 times `node -e 0`, 32 MiB read, 160 MiB peak)', rows);
}
