import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asReported, reportRules } from '../../src/pool/table/as-reported.js';
import type { CounterValues } from '../../src/pool/table/counters.js';
import type { KeylessCounts } from '../../src/pool/table/tag-totals.js';
import { layoutOfSize } from '../../src/pool/table/tracker-layout.js';
import { assertProperty } from '../support/lanes/property.js';
import { tagTotal } from '../support/records/tag-total.js';

const LAYOUT = layoutOfSize(80)!;

describe("the kernel's own report", () => {
  it('is known for builds that somebody has looked at', () => {
    const rules = [7601, 9600, 19045, 26200, 26201, 27999, 28000, 29531, 3790, null].map(reportRules);
    assert.deepEqual(rules, [...Array(4).fill('classic'), null, null, 'clamped', 'clamped', null, null]);
  });

  it('until 26200: counts cut to 32 bits, allocs raised to frees after that, bytes whole', () => {
    const { counters, nonPagedOutstanding, pagedOutstanding } = asReported(
      tagTotal([2n ** 32n + 5n, 7n, -64n, 3n * 2n ** 32n + 9n, 2n ** 33n + 2n, 2n ** 40n]),
      'classic',
      LAYOUT,
    );
    assert.deepEqual(counters, [7n, 7n, -64n, 9n, 2n, 2n ** 40n]);
    assert.deepEqual([nonPagedOutstanding, pagedOutstanding], [0n, 7n]);
  });

  const clamps: readonly (readonly [what: string, before: readonly bigint[], after: readonly bigint[]])[] = [
    ['fewer allocs than frees', [5n, 7n, 100n], [7n, 7n, 0n]],
    ['as many', [7n, 7n, -64n], [7n, 7n, 0n]],
    ['no bytes', [9n, 7n, 0n], [9n, 9n, 0n]],
    ['bytes below zero', [9n, 7n, -1n], [9n, 9n, 0n]],
    ['a sound tag', [9n, 7n, 1n], [9n, 7n, 1n]],
    ['counts over 32 bits', [2n ** 40n, 7n, 1n], [2n ** 40n, 7n, 1n]],
  ];
  for (const [what, before, after] of clamps) {
    it(`from 28000 on, ${what}: ${before.join(' ')} is ${after.join(' ')}, in each pool, not in the expansion table`, () => {
      const counters = [...before, 0n, 0n, 0n] as unknown as CounterValues;
      assert.deepEqual(asReported(tagTotal(counters), 'clamped', LAYOUT).counters, [...after, 0n, 0n, 0n]);
      const paged = [0n, 0n, 0n, ...before] as unknown as CounterValues;
      assert.deepEqual(asReported(tagTotal(paged), 'clamped', LAYOUT).counters, [0n, 0n, 0n, ...after]);
      assert.deepEqual(asReported(tagTotal(paged, { place: 'expansion' }), 'clamped', LAYOUT).counters, paged);
    });
  }

  it('counts what overflow slots hold without a key from 28000 on, and says so', () => {
    const keyless: KeylessCounts = { processors: 2, counters: [0n, 10n, -960n, 0n, 4n, -256n], isCounted: false };
    const overflow = tagTotal([4266n, 4000n, 23952n, 777n, 700n, 4928n], { place: 'overflow', keyless });
    assert.deepEqual(asReported(overflow, 'clamped', LAYOUT).counters, [4266n, 4010n, 22992n, 777n, 704n, 4672n]);
    assert.equal(asReported(overflow, 'clamped', LAYOUT).keyless?.isCounted, true);
    assert.deepEqual(asReported(overflow, 'classic', LAYOUT).counters, overflow.counters);
    assert.equal(asReported(overflow, 'classic', LAYOUT).keyless?.isCounted, false);
  });

  it('never has fewer allocs than frees, and changes nothing when it is reported again', () => {
    const count = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const bytes = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    assertProperty(
      fc.property(
        fc.tuple(count, count, bytes, count, count, bytes),
        fc.constantFrom('classic' as const, 'clamped' as const),
        (counters, rules) => {
          const once = asReported(tagTotal(counters), rules, LAYOUT);
          assert.ok(once.counters[0] >= once.counters[1] && once.counters[3] >= once.counters[4]);
          assert.deepEqual(asReported(once, rules, LAYOUT), once);
        },
      ),
    );
  });
});
