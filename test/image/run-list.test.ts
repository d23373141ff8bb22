import assert from 'node:assert/strict';
import { physicalAddress } from '../../src/address.js';
import { RunListBuilder } from '../../src/image/run-list.js';

function build(...runs: readonly (readonly [start: number, length: number, offset: number])[]) {
  const builder = new RunListBuilder('test');
  for (const run of runs) builder.add(...run);
  return builder.build();
}

describe('a run list', () => {
  it('finds the run of an address, and none in a hole', () => {
    const runs = build([0, 0xc0000000, 0], [0x100000000, 0xc0000000, 0xc0000000]);
    assert.equal(runs.find(physicalAddress(0x100001000))?.offset, 0xc0000000);
    assert.equal(runs.find(physicalAddress(0xc0000000)), undefined);
    assert.equal(runs.end, 0x1c0000000);
    assert.equal(runs.byteLength, 0x180000000);
  });

  it('joins neighbours that continue each other, and only those', () => {
    assert.equal(build([0, 0x1000, 0], [0x1000, 0x1000, 0x1000], [0x2000, 0x1000, 0x9000]).count, 2);
  });

  it('sorts', () => assert.deepEqual([...build([0x5000, 1, 0], [0, 1, 9], [0x2000, 1, 5])].map(({ start }) => start), [0, 0x2000, 0x5000]));

  it('is empty without runs', () => {
    assert.equal(build().end, 0);
    assert.equal(build([5, 0, 0]).count, 0);
  });

  for (const [what, ...runs] of [
    ['overlap', [0, 0x2000, 0], [0x1000, 0x1000, 0x5000]],
    ['overlap out of order', [0x1000, 0x1000, 0], [0, 0x2000, 0]],
    ['end beyond 2^52', [2 ** 52 - 1, 2, 0]],
    ['a source offset beyond 2^53', [0, 2 ** 40, 2 ** 53 - 1]],
    ['a negative start', [-1, 5, 0]],
    ['no number', [Number.NaN, 5, 0]],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => build(...(runs as unknown as [number, number, number][])), { code: 'FORMAT_DAMAGED' }));
  }
});
