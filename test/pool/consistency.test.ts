import assert from 'node:assert/strict';
import { consistencyOf, type Consistency } from '../../src/pool/table/consistency.js';
import { layoutOfSize, TRACKER_LAYOUTS } from '../../src/pool/table/tracker-layout.js';

type Pool = readonly [allocs: bigint, frees: bigint, bytes: bigint];

const CASES: readonly (readonly [what: string, pool: Pool, Consistency])[] = [
  ['never used', [0n, 0n, 0n], 'consistent'],
  ['all freed', [9n, 9n, 0n], 'consistent'],
  ['a byte each', [9n, 4n, 5n], 'consistent'],
  ['a gibibyte each', [9n, 7n, 2n ** 31n], 'consistent'],
  ['fewer bytes than allocations', [9n, 4n, 4n], 'torn'],
  ['bytes and no allocation', [9n, 9n, 64n], 'torn'],
  ['a free before its allocation', [9n, 10n, -64n], 'torn'],
  ['allocations and no bytes', [9n, 4n, 0n], 'torn'],
  ['far more frees than allocations', [9n, 99n, 0n], 'impossible'],
  ['far fewer bytes than none', [9n, 9n, -(2n ** 32n)], 'impossible'],
  ['gibibytes and no allocation', [9n, 9n, 2n ** 32n], 'impossible'],
  ['bytes beyond all memory', [9n, 8n, 2n ** 60n], 'impossible'],
];

describe("a tag's own counters", () => {
  const layout = layoutOfSize(80)!;
  for (const [what, pool, expected] of CASES) {
    it(`${what}: ${expected}, whichever pool it is in`, () => {
      assert.equal(consistencyOf([...pool, 0n, 0n, 0n], layout), expected);
      assert.equal(consistencyOf([0n, 0n, 0n, ...pool], layout), expected);
      assert.equal(consistencyOf([9n, 99n, 0n, ...pool], layout), 'impossible');
    });
  }

  it('may have wrapped at their own width', () => {
    for (const { size, countBits } of TRACKER_LAYOUTS) {
      const wrapped: Pool = [3n, (1n << BigInt(countBits)) - 2n, 500n];
      assert.equal(consistencyOf([...wrapped, 0n, 0n, 0n], layoutOfSize(size)!), 'consistent', `${size}`);
    }
  });
});
