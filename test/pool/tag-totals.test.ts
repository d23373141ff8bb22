import assert from 'node:assert/strict';
import fc from 'fast-check';
import { outstanding } from '../../src/pool/table/counters.js';
import { entriesOf, TagTotals } from '../../src/pool/table/tag-totals.js';
import { TrackerTable } from '../../src/pool/table/tracker-table.js';
import { counterBits, TRACKER_LAYOUTS } from '../../src/pool/table/tracker-layout.js';
import { COUNTER_NAMES, type EntrySize } from '../support/generate/tracker/tracker-layouts.js';
import { tableBytes, type TableEntry } from '../support/generate/tracker/tracker-table-writer.js';
import { assertProperty } from '../support/lanes/property.js';

const SLOTS = 64;

const counter = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
);
const entry = fc.record({
  slot: fc.integer({ min: 0, max: SLOTS }),
  counters: fc.record(Object.fromEntries(COUNTER_NAMES.map((name) => [name, counter]))),
});
const tables = fc.array(fc.uniqueArray(entry, { selector: ({ slot }) => slot, maxLength: 20 }), {
  minLength: 1,
  maxLength: 5,
});

/** One key for each slot; what matters here are the sums. */
const keyOf = (slot: number): number => slot + 1;

function tableOf(layoutSize: number, entries: readonly TableEntry[]): TrackerTable {
  const layout = TRACKER_LAYOUTS.find(({ size }) => size === layoutSize)!;
  const table = new TrackerTable(layout, SLOTS + 1);
  const bytes = tableBytes(layoutSize as EntrySize, SLOTS + 1, entries);
  const padded = Buffer.concat([bytes, Buffer.alloc(table.pageCount * 4096 - bytes.length)]);
  for (let page = 0; page < table.pageCount; page++) table.put(page, padded.subarray(page * 4096, page * 4096 + 4096));
  return table;
}

describe('the sum over processors', () => {
  for (const layout of TRACKER_LAYOUTS) {
    it(`wraps at each counter's own width: ${layout.size}-byte entries`, () =>
      assertProperty(
        fc.property(tables, (processors) => {
          const totals = new TagTotals(layout, SLOTS);
          const all = new Set(processors.flatMap((entries) => entries.map(({ slot }) => slot)));
          const first = [...all].map(
            (slot) =>
              processors[0]!.find((found) => found.slot === slot) ?? {
                slot,
                counters: Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0n])),
              },
          );
          const full = [first, ...processors.slice(1)];
          for (const entries of full) {
            totals.add(
              tableOf(
                layout.size,
                entries
                  .map(({ slot, counters }) => ({ slot, key: keyOf(slot), counters: counters as never }))
                  .sort((a, b) => a.slot - b.slot),
              ),
            );
          }
          for (const total of totals.totals()) {
            COUNTER_NAMES.forEach((name, index) => {
              const bits = counterBits(layout, index);
              const sum = full.reduce(
                (before, entries) =>
                  before +
                  BigInt.asUintN(
                    bits,
                    (entries.find(({ slot }) => slot === total.slot)?.counters as Record<string, bigint> | undefined)?.[
                      name
                    ] ?? 0n,
                  ),
                0n,
              );
              assert.equal(BigInt.asUintN(bits, total.counters[index]!), BigInt.asUintN(bits, sum));
              const isUnsigned = bits === 32 && !name.endsWith('Bytes');
              assert.ok(
                isUnsigned ? total.counters[index]! >= 0n : total.counters[index]! === BigInt.asIntN(bits, sum),
              );
            });
            assert.equal(
              total.nonPagedOutstanding,
              BigInt.asIntN(layout.countBits, total.counters[0] - total.counters[1]),
            );
            assert.equal(
              total.processorsSeen,
              full.filter((entries) => entries.some(({ slot }) => slot === total.slot)).length,
            );
            assert.equal(total.place, total.slot === SLOTS ? 'overflow' : 'table');
            assert.ok(total.complete);
          }
          assert.equal([...totals.totals()].length, all.size);
        }),
        { numRuns: 40 },
      ));
  }

  it('does not depend on who holds the counts for its identity', () => {
    const layout = TRACKER_LAYOUTS[0]!;
    const one = (value: bigint): TableEntry => ({
      slot: 3,
      key: 4,
      counters: Object.fromEntries(COUNTER_NAMES.map((name) => [name, value])) as never,
    });
    const idOf = (...values: bigint[]): string => {
      const totals = new TagTotals(layout, SLOTS);
      for (const value of values) totals.add(tableOf(layout.size, [one(value)]));
      return totals.imageId();
    };
    assert.equal(idOf(3n, 4n), idOf(5n, 2n));
    assert.notEqual(idOf(3n, 4n), idOf(3n, 5n));
  });

  it('marks a slot that two processors give to different tags', () => {
    const totals = new TagTotals(TRACKER_LAYOUTS[0]!, SLOTS);
    const zero = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 1n])) as never;
    totals.add(tableOf(80, [{ slot: 1, key: 7, counters: zero }]));
    totals.add(tableOf(80, [{ slot: 1, key: 8, counters: zero }]));
    assert.equal(totals.conflicts, 1);
    assert.deepEqual(
      [...totals.totals()].map(({ key, complete }) => ({ key, complete })),
      [{ key: 7, complete: false }],
    );
  });

  it('marks the expansion table, too, when every tag is in doubt', () => {
    const ones = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 1n])) as never;
    const totals = new TagTotals(TRACKER_LAYOUTS[0]!, SLOTS);
    totals.add(tableOf(80, [{ slot: 1, key: 7, counters: ones }]));
    totals.addExpansion(tableOf(80, [{ slot: 0, key: 9, counters: ones }]));
    assert.ok([...totals.totals()].every(({ complete }) => complete));
    totals.doubt({ slots: null });
    assert.deepEqual(
      [...totals.totals()].map(({ place, complete }) => ({ place, complete })),
      [
        { place: 'table', complete: false },
        { place: 'expansion', complete: false },
      ],
    );
  });

  it('follows what is added and doubted after it was asked for', () => {
    const ones = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 1n])) as never;
    const totals = new TagTotals(TRACKER_LAYOUTS[0]!, SLOTS);
    const told = (): [number, bigint, number, boolean][] =>
      [...totals.totals()].map(({ key, counters, processorsSeen, complete }) => [
        key,
        counters[0],
        processorsSeen,
        complete,
      ]);
    totals.add(
      tableOf(
        80,
        [1, 2].map((slot) => ({ slot, key: slot, counters: ones })),
      ),
    );
    assert.deepEqual(told(), [
      [1, 1n, 1, true],
      [2, 1n, 1, true],
    ]);
    const before = totals.imageId();
    totals.doubt({ slots: { first: 2, last: 2 } });
    assert.deepEqual(told()[1], [2, 1n, 1, false]);
    // What is doubted is in memory all the same.
    assert.equal(totals.imageId(), before);
    totals.add(tableOf(80, [{ slot: 1, key: 1, counters: ones }]));
    assert.deepEqual(told()[0], [1, 2n, 2, true]);
    assert.equal(totals.imageId(totals.totals()), totals.imageId());
    assert.notEqual(totals.imageId(), before);
  });

  it('ends the expansion table at its first free entry', () => {
    const zero = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 1n])) as never;
    const table = tableOf(
      56,
      [0, 1, 3].map((slot) => ({ slot, key: slot + 9, counters: zero })),
    );
    assert.deepEqual(
      [...entriesOf(table, 'expansion', 0, null)].map(({ slot }) => slot),
      [0, 1],
    );
  });

  it("has outstanding at the counter's width", () => {
    assert.equal(outstanding(100n, 4294967236n, 32), 160n);
    assert.equal(outstanding(5n, 7n, 64), -2n);
  });
});
