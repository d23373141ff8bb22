/** The rate of `scan --method carve` on dense and on sparse images, as a file and through a pipe, beside `cat FILE | wc -c`. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateMemory } from '../test/support/generate/memory.js';
import { Random } from '../test/support/generate/random.js';
import { writeRaw } from '../test/support/write/raw.js';
import { CLI, fastest, folder, printTable, runNode } from './measure.js';

const GIB = 2 ** 30;
const BYTES = 2 * GIB;
const RUNS = 3;

/** Real files of this machine: code, data and text in the mix that memory has them. */
export function* realFiles(): Generator<Buffer> {
  const folders = [
    '/usr/bin',
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/share/perl5',
  ];
  for (;;) {
    for (const place of folders) {
      for (const name of names(place)) {
        const path = join(place, name);
        if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) yield readFileSync(path);
      }
    }
    yield readFileSync(process.execPath);
  }
}

function names(place: string): string[] {
  try {
    return readdirSync(place);
  } catch {
    return [];
  }
}

/** Writes tables and, in place of its zero pages, other data: a whole image of `BYTES`. */
async function writeImage(path: string, filler: Iterable<Buffer> | null): Promise<void> {
  const generated = generateMemory({
    memoryBytes: 256 << 20,
    layout: 56,
    processors: 4,
    tableSlots: 4096,
    tagCount: 2500,
  });
  await writeRaw(generated, path);
  const file = await open(path, 'r+');
  try {
    await file.truncate(BYTES);
    if (filler === null) return;
    let at = 256 << 20;
    for (const bytes of filler) {
      const part = bytes.subarray(0, BYTES - at);
      await file.write(part, 0, part.length, at);
      at += part.length;
      if (at >= BYTES) return;
    }
  } finally {
    await file.close();
  }
}

function* noise(): Generator<Buffer> {
  const random = new Random(1);
  const block = random.bytes(1 << 24);
  for (;;) yield block;
}

async function shell(command: string): Promise<{ milliseconds: number }> {
  const started = performance.now();
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'] });
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}`);
  return { milliseconds: performance.now() - started };
}

export async function run(): Promise<void> {
  const rows = [['2 GiB of', 'through', 'threads', 'GB/s', 'of `cat | wc -c`', 'peak MiB']];
  const images: Readonly<Record<string, () => Iterable<Buffer> | null>> = {
    zeros: () => null,
    'code and text': realFiles,
    noise,
  };
  for (const [what, filler] of Object.entries(images)) {
    const image = join(folder(), 'carve.raw');
    await writeImage(image, filler());
    const rate = (milliseconds: number): number => BYTES / milliseconds / 1e6;
    await shell(`cat ${image} | wc -c`);
    const cat = rate((await fastest(RUNS, () => shell(`cat ${image} | wc -c`))).milliseconds);
    rows.push([what, '`cat | wc -c`', '', cat.toFixed(2), '100 %', '']);
    for (const threads of ['1', '2']) {
      const looking = String(Number(threads) - 1);
      const words = ['scan', '--method', 'carve', '--threads', looking, '-q'];
      const file = await fastest(RUNS, () => runNode([CLI, ...words, image]));
      const pipe = await fastest(RUNS, () => shell(`cat ${image} | ${process.execPath} ${CLI} ${words.join(' ')} -`));
      for (const [through, milliseconds, peak] of [
        ['file', file.milliseconds, file.peakMiB.toFixed(0)],
        ['pipe', pipe.milliseconds, ''],
      ] as const) {
        rows.push([
          what,
          through,
          threads,
          rate(milliseconds).toFixed(2),
          `${((rate(milliseconds) / cat) * 100).toFixed(0)} %`,
          peak,
        ]);
      }
    }
  }
  printTable('Carving (aim: 80 % of `cat | wc -c`, 200 MiB peak); whole processes, their start included', rows);
}
