import assert from 'node:assert/strict';
import { tornRows } from '../../src/pool/proof/torn-rows.js';
import type { TagTotal } from '../../src/pool/table/tag-totals.js';
import { TRACKER_LAYOUTS } from '../../src/pool/table/tracker-layout.js';

const layout = TRACKER_LAYOUTS.find(({ size }) => size === 40)!;
const SLOTS = 1024;

/** A tag in every fourth slot, all in balance but those that are named. */
function totals(odd: Readonly<Record<number, TagTotal['consistency']>>): TagTotal[] {
  return Array.from({ length: SLOTS / 4 }, (_, index) => ({
    slot: index * 4,
    place: 'table',
    complete: true,
    consistency: odd[index * 4] ?? 'consistent',
  })) as unknown as TagTotal[];
}

const codes = (odd: Readonly<Record<number, TagTotal['consistency']>>): string[] =>
  tornRows(totals(odd), layout, SLOTS).map(({ code }) => code);

describe('tags that do not add up', () => {
  it('are no reason to doubt others where there are a few, far apart', () => {
    assert.deepEqual(codes({}), []);
    assert.deepEqual(codes({ 0: 'torn', 400: 'torn', 800: 'torn' }), []);
  });

  it('doubt their whole page where one cannot be', () => {
    const [page, tag, ...more] = tornRows(totals({ 408: 'impossible' }), layout, SLOTS);
    assert.deepEqual([page!.code, page!.slots], ['page-torn', { first: 307, last: 409 }]);
    assert.deepEqual([tag!.code, tag!.slots], ['tag-impossible', { first: 408, last: 408 }]);
    assert.deepEqual(more, []);
  });

  it('doubt a page where several stand together', () => {
    assert.deepEqual(
      codes({ 412: 'torn', 416: 'torn', 420: 'torn', 424: 'torn', 428: 'torn', 432: 'torn', 436: 'torn' }),
      ['page-torn'],
    );
  });

  it('doubt every tag where two pages have impossible ones, or a tenth of all is torn', () => {
    assert.ok(codes({ 100: 'impossible', 900: 'impossible' }).includes('tables-torn'));
    const tenth = Object.fromEntries(Array.from({ length: 26 }, (_, index) => [index * 36, 'torn' as const]));
    assert.ok(codes(tenth).includes('tables-torn'));
  });
});
