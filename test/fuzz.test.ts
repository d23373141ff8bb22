import assert from 'node:assert/strict';
import { PoolTrackerError } from '../src/errors.js';
import { mutate } from './support/fuzz/mutate.js';
import { FUZZ_TARGETS } from './support/fuzz/targets.js';
import { Random } from './support/generate/random.js';

/** `make torture` runs them for as long as it is told; what it found is here for ever. */
const FOUND: Readonly<Record<string, readonly number[]>> = {
  // Names with line breaks in messages.
  image: [2643, 13077, 15581],
  stream: [2643, 13077, 15581],
};
const CASES = 150;

describe('changed files', () => {
  for (const target of FUZZ_TARGETS) {
    it(`give an answer or one clear line: ${target.name}`, async () => {
      const seeds = target.seeds();
      const numbers = [...(FOUND[target.name] ?? []), ...Array.from({ length: CASES }, (_, number) => number)];
      for (const number of numbers) {
        try {
          await target.run(mutate(seeds, new Random(number + 1)));
        } catch (error) {
          assert.ok(error instanceof PoolTrackerError, `${target.name} ${number}: ${String(error)}`);
          assert.notEqual(error.code, 'INTERNAL');
          assert.ok(!/[\u0000-\u001f]/.test(error.message), `${target.name} ${number}: ${error.message}`);
        }
      }
    });
  }
});
