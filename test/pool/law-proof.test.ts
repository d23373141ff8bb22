import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLawful } from '../../src/pool/locate/measure-table.js';
import { judge, lawfulShare, UNKNOWN } from '../../src/pool/table/hash-law.js';
import { placeTags } from '../support/generate/tracker/tracker-table-writer.js';
import { layoutOfSize } from '../../src/pool/table/tracker-layout.js';
import { TrackerTable } from '../../src/pool/table/tracker-table.js';
import { assertProperty } from '../support/lanes/property.js';

function slotKeys(keys: readonly number[], slots: number): number[] {
  const tables = placeTags(
    keys.map((key) => ({ key, perProcessor: [{ nonPagedAllocs: 1n }] })),
    { entrySize: 56, slots, processors: 1 },
  );
  const bySlot = new Array<number>(slots + 1).fill(0);
  for (const { slot, key } of tables.entries[0]!) bySlot[slot] = key;
  return bySlot;
}

/** A table with these keys and no counts. */
function tableOf(bySlot: readonly number[]): TrackerTable {
  const layout = layoutOfSize(56)!;
  const table = new TrackerTable(layout, bySlot.length);
  const bytes = Buffer.alloc(table.pageCount * 4096);
  bySlot.forEach((key, slot) => bytes.writeUInt32LE(key, slot * layout.size));
  for (let page = 0; page < table.pageCount; page++) table.put(page, bytes.subarray(page * 4096, (page + 1) * 4096));
  return table;
}

const someKeys = fc.uniqueArray(fc.integer({ min: 1, max: 0xffffffff }), { minLength: 60, maxLength: 400 });

describe('the proof by the hash law', () => {
  it('accepts every table that was filled by it, to the last slot', () =>
    assertProperty(
      fc.property(someKeys, fc.constantFrom(64, 128, 512, 4096), (keys, slots) => {
        const proof = judge(slotKeys(keys, slots), slots);
        assert.equal(lawfulShare(proof), 1);
        assert.equal(proof.keys, Math.min(keys.length, slots));
        assert.ok(isLawful(tableOf(slotKeys(keys, slots)), slots));
      }),
    ));

  it('still does with some slots unread', () =>
    assertProperty(
      fc.property(someKeys, (keys) => {
        const bySlot = slotKeys(keys, 512).map((key, slot) => (Math.floor(slot / 51) === 3 ? UNKNOWN : key));
        assert.equal(lawfulShare(judge(bySlot, 512)), 1);
      }),
    ));

  it('refuses keys that lie anywhere', () =>
    assertProperty(
      fc.property(someKeys, (keys) => {
        const bySlot = new Array<number>(4096).fill(0);
        keys.forEach((key, index) => {
          bySlot[index * 7] = key;
        });
        assert.ok(!isLawful(tableOf(bySlot), 4096));
      }),
    ));

  it('refuses a full table of keys in any order', () =>
    assertProperty(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 0xffffffff }), { minLength: 512, maxLength: 512 }), (keys) =>
        assert.ok(!isLawful(tableOf(keys), 512)),
      ),
      { numRuns: 20 },
    ));

  it('refuses too few keys, zeros, and one key repeated', () => {
    assert.ok(!isLawful(tableOf(slotKeys([1, 2, 3], 512)), 512));
    assert.ok(!isLawful(tableOf(new Array<number>(512).fill(0)), 512));
    assert.ok(!isLawful(tableOf(new Array<number>(512).fill(0x636f7250)), 512));
  });
});
