/** Time and bytes of `scan` on the same 8 GiB memory in several containers, each against raw. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMemory } from '../test/support/generate/memory.js';
import type { GeneratedMemory } from '../test/support/generate/memory-plan.js';
import { aff4Buffer } from '../test/support/write/evidence/aff4.js';
import { writeCrashDump } from '../test/support/write/crash-dump/crash-dump.js';
import { kdumpBuffer } from '../test/support/write/kdump.js';
import { writeRaw } from '../test/support/write/raw.js';
import { CLI, fastest, folder, printTable, runNode } from './measure.js';

const GIB = 2 ** 30;
const RUNS = 3;

/** E01 by its real writer, from the raw file; null where that is not installed. */
function acquire(raw: string): string | null {
  const stem = join(folder(), 'containers');
  const options = [
    '-t',
    stem,
    '-c',
    'fast',
    '-f',
    'encase6',
    '-S',
    '7000000000',
    '-C',
    'bench',
    '-D',
    'bench',
    '-E',
    '1',
    '-e',
    'bench',
    '-N',
    'bench',
    '-m',
    'fixed',
    '-M',
    'physical',
    '-q',
  ];
  spawnSync('sh', ['-c', `ewfacquirestream ${options.map((option) => `'${option}'`).join(' ')} < '${raw}'`], {
    stdio: 'ignore',
  });
  return existsSync(`${stem}.E01`) ? `${stem}.E01` : null;
}

async function write(generated: GeneratedMemory): Promise<(readonly [name: string, path: string | null])[]> {
  const path = (name: string): string => join(folder(), name);
  await writeRaw(generated, path('containers.raw'));
  await writeCrashDump(generated, path('full.dmp'));
  await writeCrashDump(generated, path('bitmap.dmp'), { dumpType: 5 });
  writeFileSync(path('memory.kdump'), kdumpBuffer(generated));
  writeFileSync(path('memory.aff4'), aff4Buffer(generated));
  return [
    ['raw', path('containers.raw')],
    ['full crash dump', path('full.dmp')],
    ['bitmap crash dump', path('bitmap.dmp')],
    ['kdump, zlib', path('memory.kdump')],
    ['AFF4', path('memory.aff4')],
    ['E01, by ewfacquirestream', acquire(path('containers.raw'))],
  ];
}

export async function run(): Promise<void> {
  const generated = generateMemory({
    layout: 80,
    processors: 12,
    tableSlots: 4096,
    tagCount: 2600,
    memoryBytes: 8 * GIB,
  });
  const rows = [['container', 'MiB on disk', 'time, ms', 'times raw', 'MiB read', 'peak MiB']];
  let ofRaw = 0;
  for (const [name, image] of await write(generated)) {
    if (image === null) {
      rows.push([name, 'not installed', '', '', '', '']);
      continue;
    }
    const best = await fastest(RUNS, () => runNode([CLI, 'scan', image, '-q']));
    const about = await runNode([CLI, 'scan', image, '-q', '-o', 'image=-', '--format', 'ndjson']);
    const { bytes_read: read } = JSON.parse(about.stdout) as { bytes_read: number };
    ofRaw ||= best.milliseconds;
    rows.push([
      name,
      ((statSync(image).blocks * 512) / 2 ** 20).toFixed(0),
      best.milliseconds.toFixed(0),
      (best.milliseconds / ofRaw).toFixed(1),
      (read / 2 ** 20).toFixed(1),
      best.peakMiB.toFixed(0),
    ]);
  }
  printTable('The same 8 GiB of memory in several containers', rows);
}
