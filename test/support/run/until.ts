import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for what nothing tells of. There is no limit: what never comes is ended by Mocha. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
