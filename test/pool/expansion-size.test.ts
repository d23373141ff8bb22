import assert from 'node:assert/strict';
import {
  expansionSizeOf,
  expansionSizes,
  MAX_EXPANSION_ENTRIES,
} from '../../src/pool/locate/expansion/expansion-size.js';
import { layoutOfSize, TRACKER_LAYOUTS } from '../../src/pool/table/tracker-layout.js';

/** The first sizes, from the kernel's code (80) and computed from its rule (others). */
const KNOWN: Readonly<Record<number, readonly number[]>> = {
  28: [146, 292],
  40: [102, 204, 307],
  48: [85, 170],
  56: [73, 146, 219],
  64: [64, 128],
  80: [51, 102, 153, 204, 256, 307],
};

describe('sizes of the expansion table', () => {
  for (const [size, first] of Object.entries(KNOWN)) {
    it(`with ${size}-byte entries: ${first.join(', ')}, …`, () => {
      const sizes = [...expansionSizes(layoutOfSize(Number(size))!)];
      assert.deepEqual(sizes.slice(0, first.length), first);
    });
  }

  it('end beyond what any kernel has', () => {
    for (const layout of TRACKER_LAYOUTS) assert.ok([...expansionSizes(layout)].at(-1)! > MAX_EXPANSION_ENTRIES);
  });

  it('follow from the entries in use: the size before was full', () => {
    const layout = layoutOfSize(80)!;
    for (const [used, size] of [
      [1, 51],
      [51, 51],
      [52, 102],
      [188, 204],
      [288, 307],
    ] as const)
      assert.equal(expansionSizeOf(used, layout), size, `${used} in use`);
  });
});
