import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashOfKey, hashOfKeyXp, isSlotCount } from '../../src/pool/table/hash-law.js';
import { assertProperty } from '../support/lanes/property.js';

const key = fc.integer({ min: 0, max: 0xffffffff });

describe('the hash law', () => {
  it('agrees with two constants of real kernels', () => {
    assert.equal(hashOfKey(0x6c6f6f50), 0x040deda5);
    assert.equal(hashOfKey(0x746e6f43), 0x5da6ebda);
  });

  it('is exact for every key, as 64-bit arithmetic has it', () =>
    assertProperty(
      fc.property(key, (value) => {
        const product = 40543n * BigInt(value);
        assert.equal(hashOfKey(value), Number((product & 0xffffffffn) ^ (product >> 32n)));
      }),
      { numRuns: 2000 },
    ));

  it('has the older form of XP', () =>
    assertProperty(
      fc.property(key, (value) => {
        const [b0, b1, b2, b3] = [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24].map(
          BigInt,
        ) as [bigint, bigint, bigint, bigint];
        const x = (((((b0 << 2n) ^ b1) << 2n) ^ b2) << 2n) ^ b3;
        assert.equal(hashOfKeyXp(value), Number(((40543n * x) & 0xffffffffn) >> 2n));
      }),
    ));

  it('knows which numbers of slots a table has', () => {
    assert.deepEqual([0, 1, 32, 63, 64, 65, 4096, 65536, 131072].filter(isSlotCount), [64, 4096, 65536]);
  });
});
