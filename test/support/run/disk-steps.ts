import { fileURLToPath } from 'node:url';
import { startCli, type CliEnd, ended } from './cli.js';

const HOOKS = fileURLToPath(new URL('disk-steps.mjs', import.meta.url));

/** Runs the command line; where a thread of that kind makes its `at`-th change on the disk, the process is gone. */
export function runUntilStep(words: readonly string[], thread: 'main' | 'worker', at: number): Promise<CliEnd> {
  const env = { DISK_STEPS: 'die', DISK_STEPS_THREAD: thread, DISK_STEPS_AT: String(at) };
  return ended(startCli(words, { env, node: ['--import', HOOKS] }));
}

/**
 * Runs the command line from one change on the disk to the next.
 * @param look is called before each, with what it will be, while the process waits
 */
export async function runByStep(
  words: readonly string[],
  look: (change: string) => void | Promise<void>,
): Promise<CliEnd> {
  const child = startCli(words, {
    env: { DISK_STEPS: 'ask' },
    node: ['--import', HOOKS],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const failed = new Promise<never>((_, reject) =>
    child.on('message', (change) => {
      Promise.resolve(look(String(change))).then(
        () => child.send('on'),
        (error: unknown) => {
          child.kill('SIGKILL');
          reject(error as Error);
        },
      );
    }),
  );
  return Promise.race([ended(child), failed]);
}
