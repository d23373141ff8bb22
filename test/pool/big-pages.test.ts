import assert from 'node:assert/strict';
import { assertAsyncProperty } from '../support/lanes/property.js';
import fc from 'fast-check';
import { virtualAddress } from '../../src/address.js';
import { isMissing } from '../../src/errors.js';
import { obeysLaw } from '../../src/pool/big-pages/big-page-law.js';
import type { BigAllocation } from '../../src/pool/big-pages/big-pages.js';
import { MAX_BIG_ENTRIES } from '../../src/pool/big-pages/big-pages.js';
import { rowsOf, shortfall } from '../../src/record/rows/rows.js';
import { BIGPOOL, POOL_TAG } from '../../src/record/schema/record-types.js';
import type { Row } from '../../src/record/schema/record-type.js';
import type { ScanResult } from '../../src/scan/scan-result.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { MACHINES } from '../support/generate/kernel/machine.js';
import { listedBuild, objectBuild } from '../support/generate/kernel/kernel-structures.js';
import { writeBigPages } from '../support/generate/objects/big-pages-writer.js';
import { OBJECT_BUILDS } from '../support/generate/objects/object-sample.js';
import type { BigPagePlan } from '../support/generate/objects/object-plan.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import { readingsOf, walkBuffer } from '../support/expect/generated-scan.js';
import { rawBuffer } from '../support/write/raw.js';

const PROC = tagKey('Proc');
const SAMPLE: readonly BigPagePlan[] = [
  { key: PROC, bytes: 0x5000n, poolType: 0 },
  { key: tagKey('MmSt'), bytes: 4096n, poolType: 1 },
  { key: PROC, bytes: 0x123450n, poolType: 512, free: true },
  { key: PROC, bytes: 2n ** 40n, poolType: 512 },
  { key: 0xffffffff, bytes: 2n ** 53n + 1n, poolType: 0xfff },
];

function memory(version: string, more: MemoryPlan = {}): GeneratedMemory {
  return generateMemory({ build: listedBuild(version), bigPages: SAMPLE, tagCount: 80, ...more });
}

async function listed(result: ScanResult): Promise<BigAllocation[]> {
  const { bigPages } = readingsOf(result);
  assert.ok(!isMissing(bigPages));
  const entries: BigAllocation[] = [];
  for await (const entry of bigPages.entries()) entries.push(entry);
  return entries;
}

/** What the table should list. */
function expected({ truth }: GeneratedMemory): BigAllocation[] {
  return truth.bigPages.map(({ slot, address, key, bytes, poolType = 0, free = false }) => ({
    slot,
    address: virtualAddress(address),
    key,
    bytes,
    poolType,
    free,
  }));
}

/** Why the table of big allocations is missing. */
function whyNone(result: ScanResult): string {
  const { bigPages } = readingsOf(result);
  assert.ok(isMissing(bigPages));
  return bigPages.missing;
}

async function rows(source: Iterable<Row> | AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of source) all.push(row);
  return all;
}

describe('big allocations', () => {
  for (const version of [
    '6.1.7601.24540',
    '6.3.9600.20369',
    '10.0.14393.5291',
    '10.0.17763.3770',
    '10.0.18362.295',
    '10.0.19041.1466',
    '10.0.22000.1219',
  ]) {
    it(`lists every entry, freed ones too: ${version}`, async () => {
      // The structures of 18362 are not known to the generator: those of its big pages are 17763's.
      const generated =
        version === '10.0.18362.295'
          ? memory('10.0.17763.3770', { build: { ...listedBuild(version), version: '10.0.17763.0' } })
          : memory(version);
      assert.deepEqual(await listed(await walkBuffer(rawBuffer(generated))), expected(generated));
    });
  }

  it('adds up what is in use by tag, in pool_tag', async () => {
    const decoded = await walkBuffer(rawBuffer(memory('10.0.19041.1466')));
    const tags = await rows(rowsOf(POOL_TAG, decoded));
    const of = (name: string): unknown =>
      tags.filter(({ tag }) => tag === name).map(({ big_allocations, big_bytes }) => [big_allocations, big_bytes]);
    assert.deepEqual(of('Proc'), [[2n, 0x5000n + 2n ** 40n]]);
    assert.deepEqual(of('Thre'), [[0n, 0n]]);
  });

  it('gives any entries back', async () => {
    const entry = fc.record({
      key: fc.integer({ min: 0, max: 0xffffffff }),
      bytes: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      poolType: fc.integer({ min: 0, max: 0xfff }),
      free: fc.boolean(),
    });
    await assertAsyncProperty(
      fc.asyncProperty(fc.array(entry, { maxLength: 300 }), async (bigPages) => {
        const generated = memory('10.0.22000.1219', { bigPages });
        const entries = await listed(await walkBuffer(rawBuffer(generated)));
        assert.deepEqual(entries, expected(generated));
      }),
      { numRuns: 8 },
    );
  });

  it('makes rows with the wanted tags only', async () => {
    const decoded = await walkBuffer(rawBuffer(memory('10.0.22000.1219')));
    const all = await rows(rowsOf(BIGPOOL, decoded, { tags: ['P*'] }));
    assert.deepEqual(
      all.map(({ address, tag, bytes, pool_type, free }) => [address, tag, bytes, pool_type, free]),
      [
        ['0xffffa50000000000', 'Proc', 0x5000n, 0, false],
        ['0xffffa5000033f000', 'Proc', 2n ** 40n, 512, false],
        ['0xffffa5000021c000', 'Proc', 0x123450n, 512, true],
      ],
    );
  });

  it('refuses sizes and addresses that cannot be', async () => {
    for (const [name, value, reason] of [
      ['PoolBigPageTableSize', 2n ** 32n, /PoolBigPageTableSize is 4294967296; expected 1 to 4194304/],
      ['PoolBigPageTableSize', 0n, /PoolBigPageTableSize is 0/],
      ['PoolBigPageTableSize', 2n ** 64n - 1n, /expected 1 to/],
      ['PoolBigPageTable', 0n, /PoolBigPageTable is 0x0; expected a kernel address/],
      ['PoolBigPageTable', 0x7fffffffffffffffn, /expected a kernel address/],
    ] as const) {
      const generated = memory('10.0.19041.1466');
      generated.space.writeU64(generated.truth.variables[name]!, value);
      const decoded = await walkBuffer(rawBuffer(generated));
      assert.match(whyNone(decoded), reason);
      assert.equal(readingsOf(decoded).bigTotals, null);
      assert.deepEqual(await rows(rowsOf(BIGPOOL, decoded)), []);
      assert.match((await shortfall(BIGPOOL, decoded))!, reason);
    }
  });

  it('sums nothing when a page of the table is missing, and says so', async () => {
    const generated = memory('10.0.19041.1466');
    generated.space.writeU64(generated.truth.variables['PoolBigPageTableSize']!, BigInt(MAX_BIG_ENTRIES));
    const decoded = await walkBuffer(rawBuffer(generated));
    assert.equal(readingsOf(decoded).bigTotals, null);
    assert.equal((await listed(decoded)).length, SAMPLE.length);
    assert.match((await shortfall(BIGPOOL, decoded))!, /^\d+ pages of PoolBigPageTable are missing$/);
    const tags = await rows(rowsOf(POOL_TAG, decoded));
    assert.ok(tags.every(({ big_allocations, big_bytes }) => big_allocations === null && big_bytes === null));
  });

  describe('without symbols', () => {
    const many = Array.from({ length: 60 }, (_, index): BigPagePlan => ({
      key: tagKey(index % 2 === 0 ? 'Proc' : 'MmSt'),
      bytes: BigInt(index + 1) * 4096n,
      poolType: [0, 1, 512][index % 3]!,
      free: index % 7 === 0,
    }));
    const hidden = { knownBuilds: false } as const;

    for (const version of OBJECT_BUILDS)
      it(`are found by the hash law of their own table: ${version}`, async () => {
        const generated = memory(version, { bigPages: many });
        const found = await listed(await walkBuffer(rawBuffer(generated), hidden));
        assert.deepEqual(found, expected(generated));
      });

    it('are not found where entries lie where no law puts them, or are too few', async () => {
      const generated = memory('10.0.19041.1466', { bigPages: many });
      const used = new Set(generated.truth.bigPages.map(({ slot }) => slot));
      const free = Array.from({ length: 128 }, (_, slot) => slot).filter((slot) => !used.has(slot));
      for (const [index, slot] of free.slice(0, 8).entries())
        generated.space.writeU64(
          MACHINES.x64.pool.bigPages + BigInt(slot * 24),
          0xffffa50000000000n + BigInt(index) * 4096n,
        );
      assert.match(whyNone(await walkBuffer(rawBuffer(generated), hidden)), /no table obeys the hash law of big pages/);
      const few = memory('10.0.19041.1466', { bigPages: many.slice(0, 8) });
      assert.match(whyNone(await walkBuffer(rawBuffer(few), hidden)), /not available for this build: .*no table obeys/);
    });

    it('are told in a time that does not grow with what a hostile table holds', () => {
      const slots = 1 << 16;
      const used = new Uint8Array(slots).fill(1);
      const addresses = new BigUint64Array(slots).fill(0xffffa50000000000n);
      assert.equal(obeysLaw({ addresses, used }), false, 'all entries want one slot: few are at home');
      const own = Array.from({ length: slots }, (_, index) => 0xffffa50000000000n + BigInt(index) * 4096n);
      assert.equal(obeysLaw({ addresses: BigUint64Array.from(own), used }), false, 'a full table in another order');
    });

    it('are refused where two tables stand', async () => {
      const generated = memory('10.0.19041.1466', { bigPages: many });
      const { PoolTrackTableExpansion, PoolBigPageTableSize } = generated.truth.variables;
      const variables = { PoolBigPageTable: PoolTrackTableExpansion!, PoolBigPageTableSize: PoolBigPageTableSize! };
      const build = objectBuild(listedBuild('10.0.19041.1466'));
      writeBigPages(generated.space, build, variables, many, 0xffffa60000000000n);
      assert.match(whyNone(await walkBuffer(rawBuffer(generated), hidden)), /2 tables obey the hash law of big pages/);
    });
  });

  it('says that an unknown build has none', async () => {
    const decoded = await walkBuffer(rawBuffer(generateMemory({ build: 'unknown', tagCount: 200 })));
    assert.match(whyNone(decoded), /not available for this build/);
  });
});
