import { spawnSync } from 'node:child_process';

/**
 * Whether a program that a test needs is there, told by running it; a line says so when it is not.
 * Debian's packages of them all are in `.ci/install-test-programs`.
 */
export function hasProgram(command: string, ...args: string[]): boolean {
  const ran = spawnSync(command, args, { stdio: ['pipe', 'ignore', 'ignore'], input: '' });
  const there = ran.error === undefined && ran.status === 0;
  if (!there) console.log(`      skipped: '${[command, ...args].join(' ')}' does not run here`);
  return there;
}

/** Runs a program with bytes as its input. @returns what it wrote; throws when it fails */
export function run(command: string, args: readonly string[], input: Uint8Array = Buffer.alloc(0)): Buffer {
  const ran = spawnSync(command, args, { input, maxBuffer: 1 << 30 });
  if (ran.error !== undefined || ran.status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed: ${ran.error?.message ?? ran.stderr.toString()}`);
  }
  return ran.stdout;
}
