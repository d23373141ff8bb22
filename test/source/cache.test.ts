import assert from 'node:assert/strict';
import fc from 'fast-check';
import { assertProperty } from '../support/lanes/property.js';
import { Cache, cached } from '../../src/source/reading/cache.js';

/** What is kept of `keys`, in no order. */
function keptOf(cache: Cache<number, string>, keys: number): number[] {
  return Array.from({ length: keys }, (_, key) => key).filter((key) => cache.has(key));
}

describe('the cache', () => {
  it('never weighs more than it is to, and gives what was put in', () => {
    const step = fc.record({ key: fc.nat(9), weight: fc.integer({ min: 1, max: 12 }), puts: fc.boolean() });
    assertProperty(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new Cache<number, string>(10);
        const last = new Map<number, { value: string; weight: number }>();
        for (const [turn, { key, weight, puts }] of steps.entries()) {
          if (!puts) {
            const value = cache.get(key);
            assert.ok(value === undefined || value === last.get(key)!.value);
            continue;
          }
          last.set(key, { value: `${key} of ${turn}`, weight });
          cache.set(key, `${key} of ${turn}`, weight);
          assert.equal(cache.get(key), `${key} of ${turn}`, 'the last one in is kept');
          const kept = keptOf(cache, 10);
          const total = kept.reduce((sum, one) => sum + last.get(one)!.weight, 0);
          assert.ok(total <= 10 || kept.length === 1, `${total} kept`);
        }
      }),
    );
  });

  it('lets go of what was used longest ago', () => {
    const cache = new Cache<number, string>(4);
    for (const key of [0, 1, 2, 3]) cache.set(key, 'in');
    cache.get(1);
    cache.get(0);
    cache.has(2);
    cache.set(4, 'in');
    assert.deepEqual(keptOf(cache, 6), [0, 1, 3, 4]);
    cache.set(5, 'in', 3);
    assert.deepEqual(keptOf(cache, 6), [4, 5]);
    cache.delete(5);
    cache.set(1, 'in', 3);
    assert.deepEqual(keptOf(cache, 6), [1, 4], 'what was deleted weighs nothing');
    cache.clear();
    cache.set(2, 'in', 4);
    assert.deepEqual(keptOf(cache, 6), [2]);
  });

  it('loads a key once at a time, and again when that failed', async () => {
    const cache = new Cache<string, Promise<number>>(2);
    let loads = 0;
    const load = (fails: boolean) => (): Promise<number> =>
      fails ? Promise.reject(new Error(`load ${++loads} failed`)) : Promise.resolve(++loads);
    const [first, second] = [cached(cache, 'a', 1, load(true)), cached(cache, 'a', 1, load(true))];
    assert.equal(first, second);
    await assert.rejects(first, /load 1 failed/);
    assert.equal(await cached(cache, 'a', 1, load(false)), 2);
    assert.equal(await cached(cache, 'a', 1, load(false)), 2);
  });

  it('keeps what took the place of a load that fails later', async () => {
    const cache = new Cache<string, Promise<number>>(1);
    let fail: () => void = () => undefined;
    const slow = cached(
      cache,
      'a',
      1,
      () => new Promise<number>((_, reject) => (fail = () => reject(new Error('too late')))),
    );
    cache.delete('a');
    const next = cached(cache, 'a', 1, () => Promise.resolve(7));
    fail();
    await assert.rejects(slow, /too late/);
    assert.equal(cache.get('a'), next);
  });
});
