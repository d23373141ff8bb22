import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PoolTrackerError } from '../../src/errors.js';
import { LOCATE_WAYS } from '../../src/pool/locate/locate.js';
import { generateMemory } from '../support/generate/memory.js';
import { DECOYS, type GeneratedMemory, type MemoryPlan } from '../support/generate/memory-plan.js';
import { COUNTER_NAMES } from '../support/generate/tracker/tracker-layouts.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { assertTotals, walkBuffer } from '../support/expect/generated-scan.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { elfCoreBuffer } from '../support/write/elf/elf-core.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { rawBuffer } from '../support/write/raw.js';
import { rdmpBuffer } from '../support/write/crash-dump/rdmp.js';

const MIB = 2 ** 20;

const PLANS: Record<string, MemoryPlan> = {
  '40-byte entries': { layout: 40 },
  '56-byte entries': { layout: 56 },
  '80-byte entries': { layout: 80 },
  'five levels': { pageTables: 'x64-la57' },
  '2 MiB pages': { largePages: '2MiB' },
  'a 1 GiB page': { largePages: '1GiB' },
  'transition entries': { transitionPages: true },
  'one processor': { processors: 1 },
  'sixteen processors': { processors: 16, memoryBytes: 96 * MIB },
  'a table of 64 slots': { tableSlots: 64, tagCount: 40 },
  'a table of 4096 slots': { tableSlots: 4096, tagCount: 1500 },
  'spilling into the expansion table': { tableSlots: 128, tagCount: 200 },
  'spilling into the overflow slot': { tableSlots: 128, tagCount: 250, expansionSize: 73 },
  'every decoy': { decoys: DECOYS, memoryBytes: 128 * MIB },
  'every decoy and one processor': { decoys: DECOYS, processors: 1, memoryBytes: 128 * MIB },
  'no low stub': { lowStub: false },
  'an encoded debugger block': { kdbg: 'encoded' },
};

const CONTAINERS: Record<string, (generated: GeneratedMemory) => Buffer> = {
  raw: rawBuffer,
  LiME: limeBuffer,
  'ELF core': elfCoreBuffer,
  'full crash dump': crashDumpBuffer,
  'bitmap crash dump': (generated) => crashDumpBuffer(generated, { dumpType: 5 }),
  'kernel crash dump': (generated) => crashDumpBuffer(generated, { dumpType: 6 }),
  'RDMP 8': (generated) => rdmpBuffer(generated, { dumpType: 8 }),
  'RDMP 10': (generated) => rdmpBuffer(generated, { dumpType: 10 }),
};

describe('walking generated memory', () => {
  for (const [name, plan] of Object.entries(PLANS)) {
    it(`finds every tag by every way: ${name}`, async () => {
      const generated = generateMemory(plan);
      const bytes = rawBuffer(generated);
      const ids = new Set<string>();
      for (const locate of LOCATE_WAYS) {
        const decoded = await walkBuffer(bytes, { locate });
        assertTotals(decoded.totals, generated.truth.merged, generated.truth.entrySize);
        assert.equal(decoded.outcome.status, 'ok');
        assert.equal(decoded.tables.processorsSeen, generated.truth.tables.length);
        assert.equal(decoded.kernel.location?.root, generated.truth.dtb);
        assert.equal(decoded.kernel.location?.base, generated.truth.kernelBase);
        assert.equal(decoded.kernel.capturedAt?.getTime(), generated.truth.systemTime.getTime());
        ids.add(decoded.imageId);
      }
      assert.equal(ids.size, 1);
    });
  }

  it('gives the same records and the same identity from every container', async () => {
    const generated = generateMemory({ layout: 80, processors: 3 });
    const first = await walkBuffer(rawBuffer(generated));
    for (const [name, write] of Object.entries(CONTAINERS)) {
      const decoded = await walkBuffer(write(generated), {});
      assert.deepEqual(decoded.totals, first.totals, name);
      assert.equal(decoded.imageId, first.imageId, name);
    }
  });

  for (const [kdbg, locatedBy] of [
    ['encoded', 'kdbg'],
    ['absent', 'structure'],
  ] as const)
    it(`needs no symbols where nobody has them: by ${locatedBy}`, async () => {
      const generated = generateMemory({
        build: 'unknown',
        kdbg,
        lowStub: false,
        decoys: ['snapshot', 'sessionTable', 'freedTable'],
      });
      const decoded = await walkBuffer(rawBuffer(generated));
      assert.equal(decoded.tables.locatedBy, locatedBy);
      assertTotals(decoded.totals, generated.truth.merged, generated.truth.entrySize);
    });

  it('marks what a missing page touches, and counts what was not read', async () => {
    const generated = generateMemory({ layout: 80, processors: 3, missingPages: [{ processor: 1, page: 4 }] });
    const decoded = await walkBuffer(crashDumpBuffer(generated, { dumpType: 5 }));
    assertTotals(decoded.totals, generated.truth.readable, 80);
    assert.equal(decoded.outcome.status, 'incomplete');
    assert.equal(decoded.tables.pagesMissing, 1);
    assert.equal(decoded.tables.entriesMissing, 52);
    assert.ok(decoded.totals.some(({ complete }) => !complete));
  });

  it("keeps each processor's own entries when asked to", async () => {
    const generated = generateMemory({ processors: 3 });
    const { processorTags } = await walkBuffer(rawBuffer(generated), {}, true);
    for (const [processor, entries] of generated.truth.tracker.entries.entries()) {
      const mine = processorTags.filter((tag) => tag.processor === processor);
      assert.deepEqual(
        mine.map(({ key, slot }) => ({ key, slot })),
        entries.map(({ key, slot }) => ({ key, slot })),
      );
      assert.deepEqual(
        mine.map(({ counters }) => BigInt.asUintN(64, counters[2])),
        entries.map(({ counters }) => counters.nonPagedBytes),
      );
    }
  });

  it('gives back any set of tags and counts', async () => {
    const tag = fc.record({
      key: fc.integer({ min: 1, max: 0xffffffff }).filter((key) => key !== tagKey('Ovfl')),
      perProcessor: fc.array(
        fc.option(
          fc.record(
            Object.fromEntries(COUNTER_NAMES.map((name) => [name, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })])),
          ),
        ),
        { maxLength: 3 },
      ),
    });
    const plans = fc.record({
      seed: fc.integer({ min: 1, max: 1e6 }),
      layout: fc.constantFrom(40 as const, 56 as const, 80 as const),
      processors: fc.integer({ min: 1, max: 3 }),
      tableSlots: fc.constantFrom(64, 128, 256),
      tags: fc.uniqueArray(tag, { selector: ({ key }) => key, minLength: 30, maxLength: 90 }),
    });
    await assertAsyncProperty(
      fc.asyncProperty(plans, async (plan) => {
        const generated = generateMemory({ ...plan, memoryBytes: 24 * MIB });
        const decoded = await walkBuffer(rawBuffer(generated));
        // Counts at random make no sense together, which is a doubt; the numbers are the tables' own all the same.
        const totals = decoded.totals.map((total) => ({
          ...total,
          complete: total.complete || decoded.doubts.length > 0,
        }));
        assertTotals(totals, generated.truth.merged, plan.layout);
      }),
      { numRuns: 25 },
    );
  });
});

describe('walking damaged memory', () => {
  it('tells each doubt once', async () => {
    const generated = generateMemory({ layout: 56, processors: 2 });
    generated.space.writeU64(generated.truth.variables['ExPoolTagTables']! + 8n, 0n);
    const { warnings, doubts } = await walkBuffer(rawBuffer(generated));
    assert.ok(doubts.length > 0);
    assert.equal(new Set(warnings.map(({ message }) => message)).size, warnings.length);
  });

  const refused = async (
    generated: GeneratedMemory,
    code: string,
    message: RegExp,
    bytes = rawBuffer(generated),
  ): Promise<void> => {
    await assert.rejects(walkBuffer(bytes, { locate: 'symbols' }), (error) => {
      assert.ok(error instanceof PoolTrackerError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  };
  const damaged = (change: (generated: GeneratedMemory) => void, plan: MemoryPlan = {}): GeneratedMemory => {
    const generated = generateMemory(plan);
    change(generated);
    return generated;
  };
  const set =
    (name: string, value: bigint) =>
    ({ space, truth }: GeneratedMemory): void =>
      space.writeU64(truth.variables[name]!, value);

  for (const value of [0n, 1n, 64n, 100n, 2n ** 40n, 2n ** 64n - 1n]) {
    it(`refuses a PoolTrackTableSize of ${value}`, () =>
      refused(
        damaged(set('PoolTrackTableSize', value)),
        'TABLES_NOT_FOUND',
        /PoolTrackTableSize is \d+; expected 2\^n \+ 1/,
      ));
  }
  for (const value of [0n, 0x7ff612340000n, 0xffff800000000123n, 0x123456789abcdef0n]) {
    it(`refuses a PoolTrackTable of 0x${value.toString(16)}`, () =>
      refused(damaged(set('PoolTrackTable', value)), 'TABLES_NOT_FOUND', /expected a page-aligned kernel address/));
  }
  it('refuses a table that leads nowhere', () =>
    refused(damaged(set('PoolTrackTable', 0xffff9fff00000000n)), 'TABLES_NOT_FOUND', /not proved/));

  it('leaves out an expansion table of impossible size, and says so', async () => {
    const generated = damaged(set('PoolTrackTableExpansionSize', 2n ** 40n), { tableSlots: 128, tagCount: 200 });
    const decoded = await walkBuffer(rawBuffer(generated), { locate: 'symbols' });
    assert.equal(decoded.outcome.status, 'incomplete');
    assert.ok(decoded.warnings.some(({ message }) => /PoolTrackTableExpansionSize is 1099511627776/.test(message)));
  });

  it('ends an expansion table that never ends at its size', async () => {
    const generated = generateMemory({ tableSlots: 128, tagCount: 200 });
    const size = 300n;
    set('PoolTrackTableExpansionSize', size)(generated);
    const decoded = await walkBuffer(rawBuffer(generated), { locate: 'symbols' });
    assert.ok(decoded.totals.filter(({ place }) => place === 'expansion').length <= Number(size));
  });

  it('ends on page tables that lead back to themselves', async () => {
    const generated = generateMemory({ lowStub: false });
    const { memory, truth } = generated;
    for (let slot = 0x100; slot < 0x200; slot++) memory.writeU64(truth.dtb + slot * 8, BigInt(truth.dtb) | 0x63n);
    await refused(generated, 'NO_KERNEL', /no running Windows kernel found/);
  });

  it('gives one clear error, whatever the image is cut down to', async () => {
    const whole = rawBuffer(generateMemory({ memoryBytes: 24 * MIB }));
    for (let length = 64 * 1024; length < whole.length; length += 0x6f000) {
      const outcome = await walkBuffer(whole.subarray(0, length)).then(
        (decoded) => decoded.outcome.status,
        (error: unknown) => error,
      );
      if (outcome instanceof Error)
        assert.ok(
          outcome instanceof PoolTrackerError && ['NO_KERNEL', 'TABLES_NOT_FOUND'].includes(outcome.code),
          String(outcome),
        );
    }
  });

  it('never throws anything but its own errors when bytes are changed at random', async () => {
    const generated = generateMemory({ memoryBytes: 24 * MIB, processors: 1 });
    const whole = rawBuffer(generated);
    const used = [...generated.memory.pages.keys()];
    await assertAsyncProperty(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: used.length - 1 }),
            fc.integer({ min: 0, max: 511 }),
            fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          ),
          { minLength: 1, maxLength: 200 },
        ),
        async (changes) => {
          const bytes = Buffer.from(whole);
          for (const [page, word, value] of changes) bytes.writeBigUInt64LE(value, used[page]! * 0x1000 + word * 8);
          await walkBuffer(bytes).catch((error: unknown) =>
            assert.ok(error instanceof PoolTrackerError, String((error as Error).stack)),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});
