import assert from 'node:assert/strict';
import fc from 'fast-check';
import { virtualAddress } from '../../../src/address.js';
import { HandleTables, MAX_TABLE_PAGES, type HandleTableWalk } from '../../../src/kernel/objects/handle-table.js';
import { KernelLayout } from '../../../src/kernel/symbols/kernel-layout.js';
import { writeHandleTable } from '../../support/generate/objects/handle-table-writer.js';
import { listedBuild, objectBuild, type ObjectBuild } from '../../support/generate/kernel/kernel-structures.js';
import { PoolSpace } from '../../support/generate/tracker/pool-space.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';
import { VirtualSpace } from '../../support/generate/paging/virtual-space.js';

const START = 0xffff910000000000n;
const WINDOWS_7 = objectBuild(listedBuild('6.1.7601.24540'));
const WINDOWS_10 = objectBuild(listedBuild('10.0.19041.1466'));
const BUILDS: Readonly<Record<string, ObjectBuild>> = {
  'pointers as they are': WINDOWS_7,
  'pointers as bit fields': WINDOWS_10,
};

interface Walked {
  readonly entries: readonly (readonly [number, bigint])[];
  readonly walk: HandleTableWalk;
}

async function walkTable(virtual: VirtualSpace, build: ObjectBuild, table: bigint): Promise<Walked> {
  const tables = HandleTables.of(await virtual.read(), new KernelLayout({}, build.structures));
  assert.ok(typeof tables !== 'string', String(tables));
  const walk = tables.walk(virtualAddress(table));
  const entries: [number, bigint][] = [];
  for await (const { handle, object } of walk.entries()) entries.push([handle, object]);
  return { entries, walk };
}

/** A table of some handles, each to a pool address. */
function sample(
  build: ObjectBuild,
  handles: readonly number[],
  leastLevel = 0,
): { virtual: VirtualSpace; pool: PoolSpace; table: bigint } {
  const virtual = new VirtualSpace();
  const pool = new PoolSpace(virtual.space, START);
  const entries = new Map(handles.map((handle) => [handle, 0xffff8a0000000000n + BigInt(handle) * 16n]));
  return { virtual, pool, table: writeHandleTable(pool, build, entries, leastLevel).address };
}

function codeAt(build: ObjectBuild, table: bigint): bigint {
  return table + BigInt(build.structures['handleTable']!['TableCode']!);
}

function topPage(virtual: VirtualSpace, build: ObjectBuild, table: bigint): bigint {
  return virtual.space.read(codeAt(build, table), 8).readBigUInt64LE() & ~7n;
}

describe('handle tables', () => {
  for (const [name, build] of Object.entries(BUILDS)) {
    it(`gives back every handle of every level: ${name}`, async () => {
      const handle = fc.oneof(
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 256, max: 2000 }),
        fc.integer({ min: 131072, max: 131500 }),
      );
      await assertAsyncProperty(
        fc.asyncProperty(
          fc.uniqueArray(handle, { maxLength: 30 }),
          fc.integer({ min: 0, max: 2 }),
          async (indices, leastLevel) => {
            const handles = indices
              .filter((index) => index % 256 !== 0)
              .map((index) => index * 4)
              .sort((a, b) => a - b);
            const { virtual, table } = sample(build, handles, leastLevel);
            const { entries, walk } = await walkTable(virtual, build, table);
            assert.deepEqual(
              entries,
              handles.map((each) => [each, 0xffff8a0000000000n + BigInt(each) * 16n]),
            );
            assert.equal(walk.tally.unreadable, 0);
            assert.equal(walk.entriesFound, handles.length);
          },
        ),
        { numRuns: 25 },
      );
    });

    it(`does not believe a level that is none: ${name}`, async () => {
      const { virtual, table } = sample(build, [4, 8]);
      virtual.space.writeU64(codeAt(build, table), topPage(virtual, build, table) | 3n);
      const { entries, walk } = await walkTable(virtual, build, table);
      assert.deepEqual(entries, []);
      assert.match(walk.tally.reason!, /claims 3 levels/);
    });

    it(`takes no harm of a page of entries called a page of pointers: ${name}`, async () => {
      const { virtual, table } = sample(build, [4, 8, 12]);
      for (const level of [1n, 2n]) {
        virtual.space.writeU64(codeAt(build, table), topPage(virtual, build, table) | level);
        const { entries, walk } = await walkTable(virtual, build, table);
        assert.deepEqual(entries, []);
        assert.equal(walk.tally.unreadable, 3, 'one for each entry that was taken for a pointer');
      }
    });

    it(`stops at pages that stand in it twice: ${name}`, async () => {
      const { virtual, table } = sample(build, [4, 8], 1);
      const top = topPage(virtual, build, table);
      const leaf = virtual.space.read(top, 8).readBigUInt64LE();
      virtual.space.writeU64(top + 8n, top);
      for (let index = 2; index < 512; index++) virtual.space.writeU64(top + BigInt(index * 8), leaf);
      const { entries, walk } = await walkTable(virtual, build, table);
      assert.equal(entries.length, 2);
      assert.equal(walk.tally.unreadable, 511);
      assert.match(walk.tally.reason!, /stands in it twice/);
    });

    it(`counts pages that are missing and pointers that are none: ${name}`, async () => {
      const { virtual, table } = sample(build, [4, 0x404, 0x804], 1);
      const top = topPage(virtual, build, table);
      virtual.space.writeU64(top + 8n, START + 0x7000000000n);
      virtual.space.writeU64(top + 16n, 0x1234567890abcdefn);
      const { entries, walk } = await walkTable(virtual, build, table);
      assert.deepEqual(
        entries.map(([handle]) => handle),
        [4],
      );
      assert.equal(walk.tally.unreadable, 2);
    });

    it(`ends at its bound, whatever the table says: ${name}`, async () => {
      const { virtual, pool, table } = sample(build, [4], 2);
      const shared = pool.allocate(0x1000, 0x1000);
      const physical = virtual.space.physical(shared);
      const pages = MAX_TABLE_PAGES + 2000;
      const top = topPage(virtual, build, table);
      for (let index = 0; index < pages; index++)
        virtual.space.map(START + 0x4000000000n + BigInt(index) * 0x1000n, physical);
      for (let middle = 0; middle < Math.ceil(pages / 512); middle++) {
        const page = pool.allocate(0x1000, 0x1000);
        for (let index = 0; index < 512; index++)
          virtual.space.writeU64(
            page + BigInt(index * 8),
            START + 0x4000000000n + BigInt(middle * 512 + index) * 0x1000n,
          );
        virtual.space.writeU64(top + BigInt(middle * 8), page);
      }
      const { walk } = await walkTable(virtual, build, table);
      assert.equal(walk.pages, MAX_TABLE_PAGES);
      assert.ok(walk.tally.unreadable > 0);
      assert.match(walk.tally.reason!, /more than 16384 pages/);
    });
  }

  it('says what a build lacks', async () => {
    const memory = await new VirtualSpace().read();
    assert.equal(
      HandleTables.of(memory, new KernelLayout({}, {})),
      'not available for this build: the offset of _HANDLE_TABLE.TableCode is not known',
    );
    const withoutEntries = new KernelLayout({}, { handleTable: { TableCode: 0 } });
    assert.equal(
      HandleTables.of(memory, withoutEntries),
      'not available for this build: the offset of _HANDLE_TABLE_ENTRY.size is not known',
    );
  });

  it('tells a table that is missing or empty', async () => {
    const { virtual, table } = sample(WINDOWS_10, [4]);
    virtual.space.writeU64(codeAt(WINDOWS_10, table), 0n);
    assert.match((await walkTable(virtual, WINDOWS_10, table)).walk.tally.reason!, /TableCode is 0/);
    for (const nowhere of [0n, 0x7fff00000000n, START + 0x7000000000n, 2n ** 64n - 8n]) {
      assert.match((await walkTable(virtual, WINDOWS_10, nowhere)).walk.tally.reason!, /is missing/);
    }
  });
});
