import assert from 'node:assert/strict';
import { dirtyPages } from '../../src/pool/proof/dirty-pages.js';
import { layoutOfSize } from '../../src/pool/table/tracker-layout.js';
import { TrackerTable } from '../../src/pool/table/tracker-table.js';

const SLOTS = 256;

describe('slots without a key', () => {
  const layout = layoutOfSize(80)!;
  function tableWith(...at: readonly number[]): TrackerTable {
    const table = new TrackerTable(layout, SLOTS + 1);
    const bytes = Buffer.alloc(table.pageCount * 4096);
    for (const position of at) bytes[position] = 1;
    for (let page = 0; page < table.pageCount; page++) table.put(page, bytes.subarray(page * 4096, (page + 1) * 4096));
    return table;
  }

  it('are empty in every table', () => {
    assert.deepEqual(dirtyPages(tableWith(), 0, SLOTS), []);
  });

  it('that hold bytes make a doubt of their page', () => {
    const doubts = dirtyPages(tableWith(60 * 80 + 16, 70 * 80 + 8), 3, SLOTS);
    assert.deepEqual(
      doubts.map(({ code, slots }) => [code, slots]),
      [['page-dirty', { first: 51, last: 102 }]],
    );
    assert.match(doubts[0]!.message, /page 1 of processor 3's table: 2 slots without a key hold bytes/);
  });

  it('may count, where it is the overflow slot', () => {
    assert.deepEqual(dirtyPages(tableWith(SLOTS * 80 + 24), 1, SLOTS), []);
  });
});
