import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command line. */
export const CLI = fileURLToPath(new URL('../dist/bin/pool-tracker.js', import.meta.url));

const REPORT_PEAK = fileURLToPath(new URL('report-peak.mjs', import.meta.url));

export interface ProcessRun {
  /** Wall-clock milliseconds of the whole process. */
  readonly milliseconds: number;
  readonly stdout: string;
  /** Peak resident set, MiB. */
  readonly peakMiB: number;
  /** Seconds, user and system. */
  readonly cpu: number;
}

/** Runs `node WORDS` and measures it; its peak memory is what the kernel counted. */
export async function runNode(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProcessRun> {
  const peakFile = join(folder(), `peak-${Math.random()}`);
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', REPORT_PEAK, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env, PEAK_FILE: peakFile },
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise((resolve) => child.on('close', resolve));
  const milliseconds = performance.now() - started;
  if (status !== 0) throw new Error(`node ${words.join(' ')} ended with ${String(status)}`);
  const [peak, cpu] = readFileSync(peakFile, 'utf8').split(' ').map(Number) as [number, number];
  return { milliseconds, stdout: Buffer.concat(chunks).toString(), peakMiB: peak / 1024, cpu };
}

/** The fastest of several runs: what the machine can do when it does nothing else. */
export async function fastest<T extends { milliseconds: number }>(times: number, run: () => Promise<T>): Promise<T> {
  let best: T | undefined;
  for (let count = 0; count < times; count++) {
    const one = await run();
    if (best === undefined || one.milliseconds < best.milliseconds) best = one;
  }
  return best!;
}

let temporary: string | undefined;

/** A folder for this run, deleted when the process ends. */
export function folder(): string {
  if (temporary === undefined) {
    temporary = mkdtempSync(join(tmpdir(), 'pool-tracker-bench-'));
    const made = temporary;
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  return temporary;
}

/** Prints rows as a Markdown table; the first gives the heads. */
export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  console.log([`\n## ${title}\n`, line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n'));
}
