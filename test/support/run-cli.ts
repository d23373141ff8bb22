import { spawn, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built command line, as the package ships it. */
export const CLI = fileURLToPath(new URL('../../dist/bin/pool-tracker.js', import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line with `words`; `input` goes to its standard input. */
export function runCli(
  words: readonly string[],
  options: { input?: Uint8Array; env?: NodeJS.ProcessEnv; cwd?: string; uid?: number } = {},
): Promise<CliResult> {
  if (!existsSync(CLI)) throw new Error('the command line is not built: npm run build');
  const spawnOptions: SpawnOptions = {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  };
  const child = spawn(process.execPath, [CLI, ...words], spawnOptions);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}
