import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assertAsyncProperty, assertProperty, sweep } from './property.js';
import { howToPin, SEED } from './seeds.js';

describe('properties of tests', () => {
  it('have the seed of the run, the same in every run but the long one', () => {
    const of = (): number[] => {
      const seen: number[] = [];
      assertProperty(fc.property(fc.nat(), (value) => void seen.push(value)));
      return seen;
    };
    const seen = of();
    assert.deepEqual(of(), seen);
    assert.equal(seen.length, 100);
    assert.deepEqual(fc.sample(fc.nat(), { seed: SEED, numRuns: 100 }), seen);
  });

  it('that fail tell the line that pins them', async () => {
    const failing = (call: () => void | Promise<void>): Promise<Error> =>
      Promise.resolve()
        .then(call)
        .then(
          () => assert.fail('it passed'),
          (error: Error) => error,
        );
    const fails = (value: number): void => assert.ok(value < 1000);
    const sync = await failing(() => assertProperty(fc.property(fc.nat(), fails)));
    assert.match(
      sync.message,
      /^Property failed after \d+ tests[^]*pinned-seeds\.ts:\n {2}\["properties of tests that fail tell the line that pins them", \d+, "[\d:]+"\],$/,
    );
    const waiting = await failing(() => assertAsyncProperty(fc.asyncProperty(fc.nat(), async (value) => fails(value))));
    assert.match(waiting.message, /pins them #2", \d+, "[\d:]+"\],$/);
    const own = await failing(() => sweep(5, (random) => assert.ok(random.u32() === 0)));
    assert.match(own.message, /pins them #3", \d+\],$/);
    const [, seed, path] = /pins them", (\d+), "([\d:]+)"\],$/.exec(sync.message)!;
    assert.deepEqual(howToPin('a "b"', Number(seed), path!).split('\n')[1], `  ["a \\"b\\"", ${seed}, "${path}"],`);
    const replayed = fc.check(fc.property(fc.nat(), fails), { seed: Number(seed), path: path!, endOnFailure: true });
    assert.equal(replayed.counterexample?.[0], 1000);
  });
});
