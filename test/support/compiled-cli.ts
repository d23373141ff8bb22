import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPY = join(ROOT, 'tmp', `compiled-${process.pid}`);

let main: string | null = null;

/**
 * The command line, compiled as it is now: worker threads cannot load TypeScript. It lies in a copy of the package, with
 * links to what it reads beside itself.
 */
export function compiledMain(): string {
  if (main !== null) return main;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  buildSync({
    entryPoints: sources.filter((name) => /(?<!\.d)\.ts$/.test(name)).map((name) => join(ROOT, 'src', name)),
    outdir: join(COPY, 'dist'),
    outbase: join(ROOT, 'src'),
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  for (const name of ['package.json', 'data', 'schemas']) symlinkSync(join(ROOT, name), join(COPY, name));
  process.on('exit', () => rmSync(COPY, { recursive: true, force: true }));
  return (main = join(COPY, 'dist', 'cli', 'main.js'));
}

/** Starts the command line. */
export function startCli(words: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [compiledMain(), ...words], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
}

export interface CliEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process wrote, and how it ended. */
export async function ended(child: ChildProcess): Promise<CliEnd> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) =>
      resolve({ status, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** Runs the command line to its end. */
export function runCli(words: readonly string[], options: SpawnOptions = {}): Promise<CliEnd> {
  return ended(startCli(words, options));
}
