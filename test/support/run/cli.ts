import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The built command line, as the package ships it. */
export const CLI = join(ROOT, 'dist/bin/pool-tracker.js');

let isChecked = false;

/** Tests of an old build would tell of a program that is no more. */
function requireBuilt(): void {
  if (isChecked) return;
  const built = statSync(CLI, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  const newer = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).find(
    (name) => /\.(ts|wat)$/.test(name) && statSync(join(ROOT, 'src', name)).mtimeMs > built,
  );
  if (newer !== undefined) throw new Error(`the command line is not built, or before src/${newer}: npm run build`);
  isChecked = true;
}

/** A file of the built package. */
export function builtFile(name: string): string {
  requireBuilt();
  return join(ROOT, 'dist', name);
}

export interface CliEnd {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions extends Omit<SpawnOptions, 'env'> {
  /** Beside what this process has. */
  readonly env?: NodeJS.ProcessEnv;
  /** Words for Node, before the program. */
  readonly node?: readonly string[];
}

/** Starts the command line; its standard input is empty unless `stdio` says otherwise. */
export function startCli(words: readonly string[], { env, node = [], ...options }: CliOptions = {}): ChildProcess {
  return spawn(process.execPath, [...node, builtFile('bin/pool-tracker.js'), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    env: { ...process.env, ...env },
  });
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

/** Runs the command line to its end; `input` goes to its standard input. */
export function runCli(
  words: readonly string[],
  { input, ...options }: CliOptions & { input?: Uint8Array } = {},
): Promise<CliEnd> {
  if (input === undefined) return ended(startCli(words, options));
  const child = startCli(words, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(input);
  return ended(child);
}

/** Resolves when standard error has a line of that form. */
export function said(child: ChildProcess, line: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      if (!line.test(text)) return;
      child.stderr!.off('data', look);
      resolve();
    };
    child.stderr!.on('data', look);
  });
}
