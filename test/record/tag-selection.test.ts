import assert from 'node:assert/strict';
import type { TagTotal } from '../../src/pool/table/tag-totals.js';
import { selectTags, tagPattern, type TagSelection } from '../../src/record/rows/tag-selection.js';
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
  it('leaves out what has nothing outstanding', () => assert.deepEqual(names({ inUse: true }), [0, 2, 3]));
  it('takes the first of the order asked for', () => assert.deepEqual(names({ sort: 'bytes', top: 2 }), [1, 0]));
  it('takes what any pattern fits and none excludes', () =>
    assert.deepEqual(names({ tags: ['Nt*', 'Proc'], exclude: ['NtF*'] }), [0, 1]));
});
