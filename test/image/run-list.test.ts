import assert from 'node:assert/strict';
import fc from 'fast-check';
import { physicalAddress } from '../../src/address.js';
import { RunListBuilder, type RunList } from '../../src/image/run-list.js';
import { assertProperty } from '../support/lanes/property.js';

type Runs = readonly (readonly [start: number, length: number, offset: number])[];

function build(runs: Runs): RunList {
  const builder = new RunListBuilder('test');
  for (const [start, length, offset] of runs) builder.add(start, length, offset);
  return builder.build();
}

/** Runs that do not overlap, in any order, some of them neighbours in memory and in the source. */
const apart = fc
  .array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 5 }), fc.nat(1)), { maxLength: 300 })
  .map((steps) => {
    let start = 0;
    let offset = 0;
    return steps.map(([gap, length, jump]) => {
      start += gap;
      offset += jump * 7;
      const run = [start, length, offset] as const;
      start += length;
      offset += length;
      return run;
    });
  })
  .chain((runs) => fc.shuffledSubarray(runs, { minLength: runs.length }));

describe('run lists', () => {
  it('find each byte where it was said to be, and nothing in holes', () => {
    assertProperty(
      fc.property(apart, (runs) => {
        const list = build(runs);
        const model = new Map(
          runs.flatMap(([start, length, offset]) =>
            Array.from({ length }, (_, at) => [start + at, offset + at] as const),
          ),
        );
        assert.equal(list.byteLength, model.size);
        for (let address = 0; address <= list.end; address++) {
          const run = list.find(physicalAddress(address));
          assert.equal(run && run.offset + address - run.start, model.get(address));
        }
        const starts = [...list].map((run) => run.start);
        assert.deepEqual(
          starts,
          [...starts].sort((a, b) => a - b),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('join neighbours', () => {
    assert.equal(
      build([
        [0, 4096, 100],
        [4096, 4096, 4196],
        [8192, 4096, 0],
      ]).count,
      2,
    );
  });

  it('refuse runs that overlap, in any order', () => {
    for (const runs of [
      [
        [0, 10, 0],
        [9, 1, 100],
      ],
      [
        [9, 10, 0],
        [0, 10, 100],
      ],
      [
        [5, 1, 0],
        [5, 1, 9],
      ],
    ] as const) {
      assert.throws(() => build(runs), { code: 'FORMAT_DAMAGED', message: /two runs claim/ });
    }
  });

  it('refuse numbers that no memory has', () => {
    for (const run of [
      [-1, 1, 0],
      [0, -1, 0],
      [0, 1, -1],
      [2 ** 52, 1, 0],
      [0, 2 ** 53, 0],
      [NaN, 1, 0],
      [0, Infinity, 0],
      [0, 1, 2 ** 53],
    ] as const) {
      assert.throws(
        () => build([run]),
        { code: 'FORMAT_DAMAGED', message: /beyond what memory can hold/ },
        String(run),
      );
    }
  });

  it('refuse more pieces than are worth keeping', () => {
    const builder = new RunListBuilder('test');
    assert.throws(
      () => {
        for (let page = 0; page < 5_000_000; page++) builder.add(page * 2, 1, page);
      },
      { code: 'FORMAT_REFUSED', message: /4194304 separate pieces/ },
    );
  });
});
