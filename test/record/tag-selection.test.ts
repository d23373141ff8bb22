import assert from 'node:assert/strict';
import type { TagTotal } from '../../src/pool/table/tag-totals.js';
import { inAnotherCase, selectTags, tagPattern, type TagSelection } from '../../src/record/rows/tag-selection.js';
import { tagTotal } from '../support/records/tag-total.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';

function total(tag: string, nonPaged: bigint, paged: bigint, allocs = 10n, frees = 4n): TagTotal {
  return tagTotal([allocs, frees, nonPaged, 0n, 0n, paged], { key: tagKey(tag) });
}

const TOTALS = [
  total('Ntfs', 5n, 5n),
  total('Proc', 1n, 20n, 2n ** 60n, 2n ** 60n),
  total('Irp ', 7n, 0n, 8n, 1n),
  total('NtFs', 2n, 2n, 3n, 1n),
];
const names = (selection: TagSelection): number[] =>
  selectTags(TOTALS, selection).map(({ key }) => TOTALS.findIndex((each) => each.key === key));

describe('selecting tags', () => {
  it('fits patterns as !poolused does, case and all', () => {
    for (const [pattern, fitting] of [
      ['Nt*', ['Ntfs', 'NtFs']],
      ['Nt?s', ['Ntfs', 'NtFs']],
      ['*', ['Ntfs', 'Irp ']],
      ['Irp', ['Irp ']],
      ['Irp ', ['Irp ']],
      ['irp', []],
      ['N.fs', []],
      ['?????', []],
    ] as const) {
      const matched = ['Ntfs', 'NtFs', 'Irp '].filter((name) => tagPattern(pattern).test(name));
      for (const name of fitting) assert.ok(matched.includes(name), `${pattern} fits ${name}`);
      if (fitting.length === 0) assert.deepEqual(matched, [], pattern);
    }
  });
  it('counts an escaped byte as one character', () => {
    assert.ok(tagPattern('A?B?').test('A\\x00B\\xFF'));
    assert.ok(!tagPattern('A?').test('A\\x00B\\xFF'));
  });
  it('refuses an empty pattern', () => assert.throws(() => tagPattern(''), { code: 'USAGE' }));
  it('keeps table order unless told otherwise', () => assert.deepEqual(names({}), [0, 1, 2, 3]));
  it('sorts by tag, and by each measure with the largest first', () => {
    assert.deepEqual(names({ sort: 'tag' }), [2, 3, 0, 1]);
    assert.deepEqual(names({ sort: 'bytes' }), [1, 0, 2, 3]);
    assert.deepEqual(names({ sort: 'nonpaged' }), [2, 0, 3, 1]);
    assert.deepEqual(names({ sort: 'paged' }), [1, 0, 3, 2]);
    assert.deepEqual(names({ sort: 'outstanding' }), [2, 0, 3, 1]);
    assert.deepEqual(names({ sort: 'allocs' }), [1, 0, 2, 3]);
    assert.deepEqual(names({ sort: 'frees' }), [1, 0, 2, 3]);
  });
  it('sorts by the bytes of one allocation in use; where none is, last', () =>
    assert.deepEqual(names({ sort: 'each' }), [3, 0, 2, 1]));
  it('turns any order round', () => {
    assert.deepEqual(names({ sort: 'bytes', reverse: true }), [3, 2, 0, 1]);
    assert.deepEqual(names({ sort: 'bytes', reverse: true, top: 1 }), [3]);
  });
  it('of one pool takes what it ever had, ordered and bounded by its counts', () => {
    assert.deepEqual(names({ pool: 'paged', sort: 'bytes' }), [1, 0, 3]);
    assert.deepEqual(names({ pool: 'nonpaged', sort: 'bytes' }), [2, 0, 3, 1]);
    assert.deepEqual(names({ pool: 'paged', inUse: true }), []);
    assert.deepEqual(names({ pool: 'paged', minBytes: 5n }), [0, 1]);
  });
  it('leaves out what has fewer bytes or fewer allocations in use', () => {
    assert.deepEqual(names({ minBytes: 10n }), [0, 1]);
    assert.deepEqual(names({ minOutstanding: 6n }), [0, 2]);
    assert.deepEqual(names({ minOutstanding: 0n }), [0, 1, 2, 3]);
  });
  it('names what would fit in another case, where nothing fits', () => {
    assert.deepEqual(inAnotherCase(TOTALS, { tags: ['proc'] }), ['Proc']);
    assert.deepEqual(inAnotherCase(TOTALS, { tags: ['NT*'] }), ['Ntfs', 'NtFs']);
    assert.deepEqual(inAnotherCase(TOTALS, { tags: ['Proc', 'irp'] }), []);
    assert.deepEqual(inAnotherCase(TOTALS, { tags: ['nope'] }), []);
    assert.deepEqual(inAnotherCase(TOTALS, {}), []);
  });
  it('leaves out what has nothing outstanding', () => assert.deepEqual(names({ inUse: true }), [0, 2, 3]));
  it('takes the first of the order asked for', () => assert.deepEqual(names({ sort: 'bytes', top: 2 }), [1, 0]));
  it('takes what any pattern fits and none excludes', () =>
    assert.deepEqual(names({ tags: ['Nt*', 'Proc'], exclude: ['NtF*'] }), [0, 1]));
});
