import assert from 'node:assert/strict';
import { type Doubt, doubtWarnings, slotsOnPage, summarizeDoubts } from '../../src/pool/proof/proof.js';
import { TRACKER_LAYOUTS } from '../../src/pool/table/tracker-layout.js';

const torn = (first: number, last: number): Doubt => ({
  code: 'page-torn',
  message: `torn ${first}`,
  slots: { first, last },
});

describe('doubts', () => {
  it('are told by kind, with merged ranges of slots in ascending order', () => {
    const other: Doubt = { code: 'carve-rival', message: 'rival', slots: null };
    assert.deepEqual(summarizeDoubts([torn(60, 99), other, torn(0, 10), torn(11, 20), torn(15, 18)]), [
      {
        code: 'page-torn',
        count: 4,
        message: 'torn 60',
        slots: [
          [0, 20],
          [60, 99],
        ],
      },
      { code: 'carve-rival', count: 1, message: 'rival', slots: null },
    ]);
  });

  it('concern every tag as soon as one of their kind does', () => {
    assert.equal(summarizeDoubts([torn(1, 2), { ...torn(3, 4), slots: null }])[0]!.slots, null);
  });

  it('are warnings, one a kind', () => {
    assert.deepEqual(doubtWarnings([torn(1, 2), torn(3, 4), torn(5, 6)]), [
      { code: 'page-torn', message: 'torn 1; and 2 more of this kind' },
    ]);
    assert.deepEqual(doubtWarnings([torn(1, 2)]), [{ code: 'page-torn', message: 'torn 1' }]);
    assert.deepEqual(doubtWarnings([]), []);
  });

  it('of a page concern every slot with a byte on it, and no other', () => {
    for (const layout of TRACKER_LAYOUTS) {
      for (let page = 0; page * 4096 < 513 * layout.size; page++) {
        const { first, last } = slotsOnPage(page, layout, 512);
        const touched = Array.from({ length: 513 }, (_, slot) => slot).filter(
          (slot) => slot * layout.size < (page + 1) * 4096 && (slot + 1) * layout.size > page * 4096,
        );
        assert.deepEqual([first, last], [touched[0], touched.at(-1)], `${layout.size}, page ${page}`);
      }
    }
  });
});
