/** `scan --method carve` of compressed files, beside a process that only decodes them and counts the bytes. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLI, folder, printTable, runNode } from './measure.js';
import { writeMemory } from './carve.js';

const MIB = 1 << 20;
const BYTES = 320 * MIB;
const RUNS = 2;
/** How often a file holds the same stream, one behind the other, where a decoder is fast: the start counts for less. */
const REPEATED = 4;
const SLOW: readonly string[] = ['xz', 'bz2'];
const COUNT = fileURLToPath(new URL('count-unwrapped.mjs', import.meta.url));

/** Programs that compress, with their options; those that are not there are left out. */
const PROGRAMS: Readonly<Record<string, readonly [program: string, ...options: string[]]>> = {
  gz: ['gzip', '-1'],
  zst: ['zstd', '-q', '-3'],
  xz: ['xz', '-1', '-T1'],
  bz2: ['bzip2', '-1'],
  lz4: ['lz4', '-q'],
  lzo: ['lzop', '-q'],
};

/** Milliseconds and seconds of CPU, the least of the runs. */
interface Best {
  milliseconds: number;
  cpu: number;
}

async function both(commands: readonly (readonly string[])[]): Promise<Best[]> {
  const best = commands.map(() => ({ milliseconds: Infinity, cpu: Infinity }));
  for (let count = 0; count < RUNS; count++)
    for (const [index, words] of commands.entries()) {
      const { milliseconds, cpu } = await runNode(words);
      best[index]!.milliseconds = Math.min(best[index]!.milliseconds, milliseconds);
      best[index]!.cpu = Math.min(best[index]!.cpu, cpu);
    }
  return best;
}

export async function run(): Promise<void> {
  const rows = [
    ['in', 'MiB', 'MiB on disk', 'decoder, MB/s', 'scan, MB/s', 'of the decoder', 'decoder, CPU s', 'scan, CPU s'],
  ];
  const memory = join(folder(), 'memory.raw');
  await writeMemory(memory, BYTES);
  for (const [extension, [program, ...options]] of Object.entries(PROGRAMS)) {
    const path = `${memory}.${extension}`;
    const times = SLOW.includes(extension) ? 1 : REPEATED;
    const line = `${program} ${options.join(' ')} -c '${memory}' >> '${path}' || exit 1`;
    const { status } = spawnSync('sh', ['-c', `${line}\n`.repeat(times)]);
    if (status !== 0) continue;
    const bytes = BYTES * times;
    const [decoder, scan] = (await both([
      [COUNT, path],
      [CLI, 'scan', '--method', 'carve', '-q', path],
    ])) as [Best, Best];
    const rate = ({ milliseconds }: Best): string => (bytes / 1000 / milliseconds).toFixed(0);
    rows.push([
      extension,
      (bytes / MIB).toFixed(0),
      (statSync(path).size / MIB).toFixed(0),
      rate(decoder),
      rate(scan),
      `${((decoder.milliseconds / scan.milliseconds) * 100).toFixed(0)} %`,
      decoder.cpu.toFixed(2),
      scan.cpu.toFixed(2),
    ]);
  }
  printTable('Compressed files (aim: 90 % of the decoder alone); whole processes, their start included', rows);
}
