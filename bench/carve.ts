/**
 * The rate of `scan --method carve` on dense and on sparse images, as a file and through a pipe, beside `cat FILE | wc -c`;
 * and the CPU of it through a pipe, beside that of wc and of the looking at pages.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PageCarver, signsOf } from '../src/pool/carve/page-carver.js';
import { BUFFERS_AT, compilePageScanner, scannerMemory, WasmScanner } from '../src/pool/carve/scan/wasm-scanner.js';
import { generateMemory } from '../test/support/generate/memory.js';
import { Random } from '../test/support/generate/random.js';
import { writeRaw } from '../test/support/write/raw.js';
import { CLI, folder, printTable, runNode } from './measure.js';

const GIB = 2 ** 30;
const BYTES = 2 * GIB;
/** The part that a generated memory takes, with tables in it: zeros for the most part. */
const TABLES = 64 << 20;
const RUNS = 3;
/** How often a pipe is given the same image, one behind the other: 8 GiB, so that the start counts for little. */
const REPEATED = 4;

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

/** Writes tables and, behind them, other data: a whole image. */
async function writeImage(path: string, filler: Iterable<Buffer> | null, length: number): Promise<void> {
  const generated = generateMemory({
    memoryBytes: TABLES,
    layout: 56,
    processors: 4,
    tableSlots: 4096,
    tagCount: 2500,
  });
  await writeRaw(generated, path);
  const file = await open(path, 'r+');
  try {
    await file.truncate(length);
    if (filler === null) return;
    let at = TABLES;
    for (const bytes of filler) {
      const part = bytes.subarray(0, length - at);
      await file.write(part, 0, part.length, at);
      at += part.length;
      if (at >= length) return;
    }
  } finally {
    await file.close();
  }
}

/** Tables, and files of this machine. */
export function writeMemory(path: string, length: number): Promise<void> {
  return writeImage(path, realFiles(), length);
}

function* noise(): Generator<Buffer> {
  const random = new Random(1);
  const block = random.bytes(1 << 24);
  for (;;) yield block;
}

interface Piped {
  readonly milliseconds: number;
  /** Seconds of the command behind `cat`: user and system. */
  readonly cpu: number;
}

/** Runs a command with the file in a pipe, and asks the shell around it what CPU it took: of each repetition. */
async function piped(file: string, command: string): Promise<Piped> {
  const started = performance.now();
  const line = `cat ${`${file} `.repeat(REPEATED)}| { ${command} > /dev/null || echo failed; times; }`;
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const status = await new Promise((resolve) => child.on('close', resolve));
  if (status !== 0 || text.includes('failed')) throw new Error(`${line} ended with ${String(status)}`);
  const times = [
    ...text
      .trim()
      .split('\n')
      .at(-1)!
      .matchAll(/(\d+)m([\d.]+)s/g),
  ];
  const cpu = times.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  return { milliseconds: (performance.now() - started) / REPEATED, cpu: cpu / REPEATED };
}

/** Seconds of CPU that looking at every page takes, reading left out. */
function looking(path: string): number {
  const memory = scannerMemory();
  const scanner = new WasmScanner(compilePageScanner()!, memory);
  const buffer = new Uint8Array(memory.buffer, BUFFERS_AT, 2 << 20);
  const carver = new PageCarver();
  const file = openSync(path, 'r');
  let microseconds = 0;
  for (let count; (count = readSync(file, buffer)) > 0;) {
    const before = process.cpuUsage();
    carver.take(
      { physicalAddress: null, bytes: buffer.subarray(0, count) },
      signsOf(scanner, buffer.subarray(0, count)),
    );
    const { user, system } = process.cpuUsage(before);
    microseconds += user + system;
  }
  return microseconds / 1e6;
}

/** The fastest run and the least CPU of each; they alternate, so that a busy moment meets all. */
async function inTurn(
  runs: Readonly<Record<string, () => Promise<Partial<Piped> & { milliseconds: number; peakMiB?: number }>>>,
) {
  const best: Record<string, { milliseconds: number; cpu: number; peakMiB: number }> = {};
  for (let count = 0; count < RUNS; count++)
    for (const [name, run] of Object.entries(runs)) {
      const { milliseconds, cpu = 0, peakMiB = 0 } = await run();
      const before = best[name] ?? { milliseconds: Infinity, cpu: Infinity, peakMiB: 0 };
      best[name] = {
        milliseconds: Math.min(before.milliseconds, milliseconds),
        cpu: Math.min(before.cpu, cpu),
        peakMiB: Math.max(before.peakMiB, peakMiB),
      };
    }
  return best;
}

export async function run(): Promise<void> {
  const rows = [['2 GiB of', 'through', 'threads', 'GB/s', 'of `cat | wc -c`', 'CPU, s', 'peak MiB']];
  const cpu = [['2 GiB of', 'wc, s', 'looking, s', 'limit: 3 wc + looking', 'pipe, 1 thread', 'pipe, 2 threads']];
  const images: Readonly<Record<string, () => Iterable<Buffer> | null>> = {
    zeros: () => null,
    'code and text': realFiles,
    noise,
  };
  for (const [what, filler] of Object.entries(images)) {
    const image = join(folder(), 'carve.raw');
    await writeImage(image, filler(), BYTES);
    const words = (threads: number): string[] => ['scan', '--method', 'carve', '--threads', `${threads - 1}`, '-q'];
    const pipe = (threads: number) => () => piped(image, `${process.execPath} ${CLI} ${words(threads).join(' ')} -`);
    await piped(image, 'wc -c');
    const best = await inTurn({
      wc: () => piped(image, 'wc -c'),
      'file 1': () => runNode([CLI, ...words(1), image]),
      'file 2': () => runNode([CLI, ...words(2), image]),
      'pipe 1': pipe(1),
      'pipe 2': pipe(2),
    });
    const wc = best.wc!;
    for (const [name, { milliseconds, cpu: seconds, peakMiB }] of Object.entries(best)) {
      const [through, threads = ''] = name === 'wc' ? ['`cat | wc -c`'] : name.split(' ');
      rows.push([
        what,
        through!,
        threads,
        (BYTES / milliseconds / 1e6).toFixed(2),
        `${((wc.milliseconds / milliseconds) * 100).toFixed(0)} %`,
        seconds === 0 ? '' : seconds.toFixed(2),
        peakMiB === 0 ? '' : peakMiB.toFixed(0),
      ]);
    }
    const looked = looking(image);
    const seconds = [wc.cpu, looked, 3 * wc.cpu + looked, best['pipe 1']!.cpu, best['pipe 2']!.cpu];
    cpu.push([what, ...seconds.map((value) => value.toFixed(2))]);
  }
  printTable(
    `Carving (aim: 85 % of \`cat | wc -c\`, 200 MiB peak); whole processes, their start included, pipes ${REPEATED} times 2 GiB`,
    rows,
  );
  printTable('CPU of carving a pipe', cpu);
}
