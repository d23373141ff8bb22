import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hashOfKeyXp } from '../../../src/pool/table/hash-law.js';
import { Random } from '../../support/generate/random.js';
import { counterBits, COUNTER_NAMES, type EntrySize } from '../../support/generate/tracker/tracker-layouts.js';
import { mergeTables, tableBytes, type TrackerTables } from '../../support/generate/tracker/tracker-table-writer.js';
import {
  carvePages,
  cut,
  makeTables,
  otherPage,
  pagesOf,
  shuffle,
  tableOfKeys,
  totalsOf,
  type TablePlan,
} from '../../support/expect/carve-pages.js';
import { assertAsyncProperty, sweep } from '../../support/lanes/property.js';

const SIZES: readonly EntrySize[] = [28, 40, 48, 56, 64, 80];

/** Tables for the property below, given by how full they are. */
interface LoadPlan extends Omit<TablePlan, 'tagCount'> {
  /** Percent of the slots. */
  readonly load: number;
}

/** The tables of a plan, and their pages shuffled among others. */
function amongOthers({ load, ...plan }: LoadPlan): [TrackerTables, Buffer[]] {
  const tables = makeTables({ ...plan, tagCount: Math.max(70, Math.floor((plan.slots * load) / 100)) });
  const random = new Random(plan.seed);
  const others = Array.from({ length: 40 }, () => otherPage(random));
  return [tables, shuffle([...pagesOf(tables), ...others], random)];
}

/**
 * Asserts that the carved totals are the generated ones, but for what is told to be in doubt.
 * @param doubtful the share of all tags that may be
 */
async function assertCarved(tables: TrackerTables, pages: readonly Buffer[], doubtful = 0): Promise<void> {
  const carved = await carvePages(pages);
  assert.ok(carved !== null, 'no table was found');
  assert.equal(carved.shape.channel.layout.size, tables.entrySize);
  assert.equal(carved.shape.slots, tables.slots);
  const merged = mergeTables(tables).filter(({ place }) => place !== 'expansion');
  const doubted = new Set(
    totalsOf(carved)
      .filter(({ complete }) => !complete)
      .map(({ slot }) => slot),
  );
  const isJudged = ({ slot }: { slot: number }): boolean => !doubted.has(slot);
  const bits = counterBits(tables.entrySize);
  const wanted = merged
    .filter(isJudged)
    .map(({ slot, key, counters }) => ({ slot, key, counters: COUNTER_NAMES.map((name) => counters[name]) }));
  const found = totalsOf(carved)
    .filter(isJudged)
    .map(({ slot, key, counters }) => ({
      slot,
      key,
      counters: counters.map((value, index) => BigInt.asUintN(bits[index]!, value)),
    }));
  assert.deepEqual(found, wanted);
  assert.ok(doubted.size <= doubtful * merged.length, `${doubted.size} of ${merged.length} tags are in doubt`);
}

describe('tables put together from pages', () => {
  for (const entrySize of SIZES) {
    it(`finds any table of ${entrySize}-byte entries, shuffled among other pages`, async () => {
      const plans = fc.record({
        seed: fc.nat(),
        processors: fc.integer({ min: 1, max: 4 }),
        slots: fc.constantFrom(512, 1024, 2048, 4096),
        load: fc.integer({ min: 30, max: 70 }),
      });
      await assertAsyncProperty(
        fc.asyncProperty(plans, (plan) => assertCarved(...amongOthers({ ...plan, entrySize }), 0.2)),
        { numRuns: 8 },
      );
    });
  }

  const PARTLY_SEEN: readonly (LoadPlan & { readonly what: string })[] = [
    {
      what: 'a page with one displaced key, in balance without it',
      seed: 2147483622,
      entrySize: 80,
      processors: 4,
      slots: 4096,
      load: 30,
    },
    {
      what: 'a page with one displaced key, the only share of its tag',
      seed: 1388427353,
      entrySize: 80,
      processors: 4,
      slots: 4096,
      load: 31,
    },
    {
      what: 'pages with one displaced key or the rest of an entry',
      seed: 792166438,
      entrySize: 80,
      processors: 4,
      slots: 4096,
      load: 16,
    },
    {
      what: 'a page with the rest of an entry and no key',
      seed: 1289828368,
      entrySize: 56,
      processors: 4,
      slots: 4096,
      load: 16,
    },
    {
      what: 'the rest of an entry, which may be of either of two pages with the same keys',
      seed: 1494970492,
      entrySize: 56,
      processors: 3,
      slots: 4096,
      load: 5,
    },
    { what: 'equal pages of two processors', seed: 1196208261, entrySize: 80, processors: 3, slots: 4096, load: 6 },
    {
      what: 'pages whose sum is in balance without them',
      seed: 26953806,
      entrySize: 80,
      processors: 4,
      slots: 4096,
      load: 31,
    },
    {
      what: 'a page that fits 40-byte entries as well',
      seed: 543121054,
      entrySize: 80,
      processors: 4,
      slots: 2048,
      load: 26,
    },
    {
      what: 'a page that fits 64-byte entries better',
      seed: 1735949213,
      entrySize: 80,
      processors: 3,
      slots: 4096,
      load: 8,
    },
    {
      what: "table 0's page, which fits 48-byte entries better",
      seed: 555272529,
      entrySize: 80,
      processors: 3,
      slots: 2048,
      load: 6,
    },
  ];
  for (const { what, ...plan } of PARTLY_SEEN) {
    it(`calls no total complete that lacks ${what}`, () => assertCarved(...amongOthers(plan), 0.05));
  }

  for (const slots of [64, 128, 256, 8192, 16384, 65536]) {
    it(`finds a table of ${slots} slots`, async () => {
      for (const entrySize of SIZES) {
        const tables = makeTables({
          seed: slots,
          entrySize,
          slots,
          processors: 1,
          tagCount: Math.floor(slots * (slots < 512 ? 0.7 : 0.2)),
        });
        await assertCarved(tables, shuffle(pagesOf(tables), new Random(1)));
      }
    });
  }

  it('finds the 70 tags of a system that has just started', async () => {
    for (const entrySize of SIZES)
      await assertCarved(...withPages({ seed: 3, entrySize, slots: 512, processors: 1, tagCount: 70 }));
  });

  it('finds pages in reverse order', async () => {
    const tables = makeTables({ seed: 9, entrySize: 56, slots: 4096, processors: 2, tagCount: 1500 });
    await assertCarved(tables, pagesOf(tables).reverse());
  });

  it('knows the hash of Windows XP', async () => {
    const random = new Random(5);
    const keys = [...new Set(Array.from({ length: 400 }, () => ((random.u32() & 0x1f1f1f1f) + 0x41414141) >>> 0))];
    const carved = await carvePages(cut(tableOfKeys(keys, 28, 1024, hashOfKeyXp)));
    assert.ok(carved !== null);
    assert.ok(carved.shape.channel.xp);
    assert.equal(carved.shape.slots, 1024);
    assert.deepEqual(new Set(totalsOf(carved).map(({ key }) => key)), new Set(keys));
  });

  it('tells live tables from a snapshot, an old copy and an overwritten one', async () => {
    const random = new Random(11);
    const tables = makeTables({ seed: 11, entrySize: 56, slots: 2048, processors: 4, tagCount: 900 });
    const merged = mergeTables(tables).filter(({ place }) => place === 'table');
    const older = merged.map((entry) => ({
      ...entry,
      counters: {
        ...entry.counters,
        nonPagedAllocs: (entry.counters.nonPagedAllocs * 99n) / 100n,
        pagedAllocs: (entry.counters.pagedAllocs * 99n) / 100n,
      },
    }));
    const snapshot = cut(tableBytes(56, 2049, merged));
    const olderSnapshot = cut(tableBytes(56, 2049, older));
    const stale = cut(
      tableBytes(
        56,
        2049,
        tables.entries[2]!.map((entry) => ({
          ...entry,
          counters: {
            ...entry.counters,
            nonPagedAllocs: entry.counters.nonPagedAllocs / 2n,
            pagedFrees: entry.counters.pagedFrees / 2n,
          },
        })),
      ),
    );
    const overwritten = tableBytes(56, 2049, tables.entries[0]!);
    random.bytes(overwritten.length >> 1).copy(overwritten);
    await assertCarved(
      tables,
      shuffle([...pagesOf(tables), ...snapshot, ...olderSnapshot, ...stale.slice(3, 8), ...cut(overwritten)], random),
    );
  });

  it("takes the latest of several states of a single processor's table", async () => {
    const tables = makeTables({ seed: 12, entrySize: 40, slots: 1024, processors: 1, tagCount: 500 });
    const old = tables.entries[0]!.map((entry) => ({
      ...entry,
      counters: {
        ...entry.counters,
        nonPagedAllocs: (entry.counters.nonPagedAllocs * 3n) / 4n,
        nonPagedFrees: (entry.counters.nonPagedFrees * 3n) / 4n,
        pagedAllocs: (entry.counters.pagedAllocs * 3n) / 4n,
        pagedFrees: (entry.counters.pagedFrees * 3n) / 4n,
      },
    }));
    await assertCarved(tables, shuffle([...pagesOf(tables), ...cut(tableBytes(40, 1025, old))], new Random(2)));
  });

  it('says which page is missing, and marks what it can touch', async () => {
    const tables = makeTables({ seed: 13, entrySize: 56, slots: 4096, processors: 3, tagCount: 2000 });
    const pages = pagesOf(tables);
    pages.splice(57 + 20, 1);
    const carved = await carvePages(pages);
    assert.deepEqual(
      carved?.places.filter(({ lost }) => lost > 0).map(({ index, lost }) => [index, lost]),
      [[20, 1]],
    );
    const touched = totalsOf(carved)
      .filter(({ complete }) => !complete)
      .map(({ slot }) => slot);
    assert.ok(touched.length > 0 && touched.every((slot) => slot * 56 + 56 > 20 * 4096 && slot * 56 < 21 * 4096));
  });

  it('finds nothing in other pages', () =>
    sweep(17, async (random) =>
      assert.equal(await carvePages(Array.from({ length: 3000 }, () => otherPage(random))), null),
    ));

  it('never fails on damaged pages', async () => {
    const tables = makeTables({ seed: 21, entrySize: 80, slots: 512, processors: 3, tagCount: 300 });
    const pages = pagesOf(tables);
    await assertAsyncProperty(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 400 }), async (seed, damage) => {
        const random = new Random(seed);
        const damaged = pages.map((page) => Buffer.from(page));
        for (let count = 0; count < damage; count++) {
          const page = random.pick(damaged);
          page.writeUInt32LE(random.oneIn(3) ? 0 : random.u32(), random.below(1024) * 4);
        }
        const carved = await carvePages(shuffle(damaged.slice(0, 1 + random.below(damaged.length)), random));
        if (carved !== null) assert.ok(totalsOf(carved).length <= 513);
      }),
      { numRuns: 60 },
    );
  });

  it('is not slowed down by pages of repeated keys', async () => {
    // So many that comparing each with each would not end while anybody waits.
    const pages = Array.from({ length: 10_000 }, (_, index) => {
      const page = Buffer.alloc(4096);
      for (let at = 0; at < 4096; at += 40) page.writeUInt32LE(0x636f7250 + (index % 7), at);
      return page;
    });
    await carvePages(pages);
  });
});

function withPages(plan: TablePlan): [TrackerTables, Buffer[]] {
  const tables = makeTables(plan);
  return [tables, pagesOf(tables)];
}
