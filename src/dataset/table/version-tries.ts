import { setTimeout as delay } from 'node:timers/promises';
import { PoolTrackerError } from '../../errors.js';

/** Tries to make a version whose number is taken by one that cannot be read, and the time between two. */
const MAX_WAITS = 50;
const WAIT_MS = 100;

/**
 * The tries of one writer to make the next version of a table, a file that is made only where none of its number is. Who
 * comes second looks at what the first did, and tries the next number.
 */
export class VersionTries {
  private last = -1;
  private waits = 0;

  /**
   * To be called before each try. Waits where the same number was tried just before: another process is just making it,
   * and it is not there yet.
   * @param name of its file, for messages
   * @throws PoolTrackerError OUTPUT_FAILED when that goes on and on
   */
  async begin(version: number, name: string): Promise<void> {
    if (version !== this.last) this.waits = 0;
    else if (this.waits++ >= MAX_WAITS)
      throw new PoolTrackerError(
        'OUTPUT_FAILED',
        `${name}: it can be neither made nor read, ${MAX_WAITS} times in a row`,
        { hint: 'look at who may write there; pool-tracker table rebuild DATASET makes the log anew' },
      );
    else await delay(WAIT_MS);
    this.last = version;
  }
}
