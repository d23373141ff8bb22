import { parentPort, workerData } from 'node:worker_threads';
import { PoolTrackerError } from '../../../src/errors.js';
import { Random } from '../generate/random.js';
import { mutate } from './mutate.js';
import { FUZZ_TARGETS } from './targets.js';

/**
 * Runs cases of a target one by one, each made of the target's name and a number alone. What it is at, and since when, it
 * says in shared memory, so that a case that never ends is known.
 */
const { name, first, count, shared } = workerData as {
  name: string;
  first: number;
  count: number;
  shared: SharedArrayBuffer;
};
const target = FUZZ_TARGETS.find((one) => one.name === name)!;
const at = new Int32Array(shared);
const seeds = target.seeds();

for (let number = first; number < first + count; number++) {
  Atomics.store(at, 0, number);
  try {
    await target.run(mutate(seeds, new Random(number + 1)));
  } catch (error) {
    const isKnown = error instanceof PoolTrackerError && error.code !== 'INTERNAL' && !/[\n\r]/.test(error.message);
    if (!isKnown)
      parentPort!.postMessage({
        number,
        problem: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
  }
}
Atomics.store(at, 0, first + count);
