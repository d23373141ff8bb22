import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generateMemory } from './memory.js';
import type { GeneratedMemory, MemoryPlan } from './memory-plan.js';
import { TABLE_FORMATS } from './paging/table-formats.js';
import { PAGE } from './sparse-memory.js';
import { tagHash, type TagPlan } from './tracker/tracker-table-writer.js';
import { tagKey } from './tracker/tag-plan.js';
import { COUNTER_NAMES, counterBits, type EntrySize } from './tracker/tracker-layouts.js';
import { assertProperty } from '../lanes/property.js';

/** Where a virtual address lies by the page tables alone, read as the processor (and a transition entry) would. */
function walk({ memory, truth }: GeneratedMemory, address: bigint): number {
  const { levels, entrySize, frame } = TABLE_FORMATS[truth.pageTables];
  const isLarge = (entry: bigint): boolean => (entry & (truth.pageTables === 'arm64' ? 2n : 0x82n)) !== 2n;
  let table = truth.dtb;
  for (const [level, [shift, bits]] of levels.entries()) {
    const slot = table + Number((address >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n)) * entrySize;
    const entry = entrySize === 8 ? memory.readU64(slot) : BigInt(memory.readU32(slot));
    const isTransition = (entry & 0xc01n) === 0x800n;
    assert.ok((entry & 1n) === 1n || isTransition, `0x${address.toString(16)} is mapped at level ${level}`);
    const isRootOfPae = truth.pageTables === 'x86-pae' && level === 0;
    if (level === levels.length - 1 || (!isRootOfPae && !isTransition && isLarge(entry))) {
      const span = 1n << BigInt(shift);
      return Number((entry & frame & ~(span - 1n)) | (address & (span - 1n)));
    }
    table = Number(entry & frame);
  }
  throw new Error('unreachable');
}

const PLANS: Record<string, MemoryPlan> = {
  'four levels': {},
  'five levels': { pageTables: 'x64-la57' },
  x86: { pageTables: 'x86' },
  'x86, 4 MiB pages': { pageTables: 'x86', largePages: '2MiB' },
  'x86 with PAE': { pageTables: 'x86-pae', layout: 48 },
  'x86 with PAE, 2 MiB pages': { pageTables: 'x86-pae', layout: 64, largePages: '2MiB' },
  ARM64: { pageTables: 'arm64', layout: 80 },
  'ARM64, 2 MiB blocks': { pageTables: 'arm64', largePages: '2MiB', transitionPages: true },
  'ARM64, a 1 GiB block': { pageTables: 'arm64', largePages: '1GiB' },
  '2 MiB pages': { largePages: '2MiB' },
  'a 1 GiB page': { largePages: '1GiB' },
  'transition entries': { transitionPages: true },
  'made-up build': { build: 'unknown' },
  'beyond 4 GiB': { memoryBytes: 2 ** 36 },
};

describe('generated memory', () => {
  for (const [name, plan] of Object.entries(PLANS)) {
    it(`maps the tables and the variables that name them: ${name}`, () => {
      const generated = generateMemory(plan);
      const { memory, truth } = generated;
      const { arch } = truth.build;
      const variable = (which: string): bigint => {
        const at = walk(generated, truth.variables[which] ?? 0n);
        return arch === 'x86' ? BigInt(memory.readU32(at)) : memory.readU64(at);
      };
      assert.equal(variable('PoolTrackTable'), truth.tables[0]?.address);
      assert.equal(variable('ExPoolTagTables'), truth.tables[0]?.address);
      assert.equal(variable('PoolTrackTableSize'), 513n);
      assert.equal(memory.read(walk(generated, truth.kernelBase), 2).toString(), 'MZ');
      assert.equal(
        memory.read(walk(generated, arch === 'x86' ? 0xffdf0000n : 0xfffff78000000000n) + 0x30, 4).toString('utf16le'),
        'C:',
      );
      for (const table of truth.tables) {
        for (const [page, physical] of table.pages.entries())
          assert.equal(walk(generated, table.address + BigInt(page * PAGE)), physical);
      }
    });
  }

  it('hashes tags as two constants of real kernels say', () => {
    assert.equal(tagHash(tagKey('Pool')), 0x040deda5);
    assert.equal(tagHash(tagKey('Cont')), 0x5da6ebda);
  });

  it('is the same for the same plan and another for another seed', () => {
    const pages = (seed: number): [number, Buffer][] => [...generateMemory({ seed }).memory.pages];
    assert.deepEqual(pages(5), pages(5));
    assert.notDeepEqual(pages(5), pages(6));
  });

  it('refuses two tags with one key', () => {
    const tag = { key: 7, perProcessor: [] };
    assert.throws(() => generateMemory({ tags: [tag, tag] }), /same key/);
  });
});

/** Any set of tags for any layout; more than fit a table of 64, so that some spill. */
const planned = fc.record({
  layout: fc.constantFrom(40, 56, 80),
  processors: fc.integer({ min: 1, max: 4 }),
  expansionSize: fc.integer({ min: 0, max: 30 }),
  tags: fc.uniqueArray(
    fc.record({
      key: fc.integer({ min: 1, max: 0xffffffff }).filter((key) => key !== tagKey('Ovfl')),
      perProcessor: fc.array(
        fc.option(
          fc.record(
            Object.fromEntries(COUNTER_NAMES.map((name) => [name, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })])),
          ),
        ),
        { maxLength: 4 },
      ),
    }),
    { selector: ({ key }) => key, maxLength: 90 },
  ),
});

describe('generated tables', () => {
  it('obey the hash law and add up as a BigInt model does', () => {
    assertProperty(
      fc.property(planned, (plan) => checkTables({ ...plan, tableSlots: 64 } as CheckedPlan)),
      { numRuns: 60 },
    );
  });
});

interface CheckedPlan extends MemoryPlan {
  readonly layout: 40 | 56 | 80;
  readonly processors: number;
  readonly expansionSize: number;
  readonly tags: readonly TagPlan[];
}

function checkTables(plan: CheckedPlan): void {
  const { memory, truth } = generateMemory(plan);
  const slotsTaken = Math.min(plan.tags.length, 64);
  const keys = Array.from({ length: 64 }, (_, slot) => keyAt(slot));
  assert.equal(keys.filter((key) => key !== 0).length, slotsTaken);
  for (const [slot, key] of keys.entries()) {
    if (key === 0) continue;
    for (let probe = tagHash(key) & 63; probe !== slot; probe = (probe + 1) & 63)
      assert.notEqual(keys[probe], 0, 'no gap between the hash slot and the tag');
  }
  const inTable = plan.tags.slice(0, slotsTaken);
  const inExpansion = plan.tags.slice(slotsTaken, slotsTaken + plan.expansionSize);
  const inOverflow = plan.tags.slice(slotsTaken + plan.expansionSize);
  for (const tag of [...inTable, ...inExpansion]) {
    const found = truth.merged.find(({ key }) => key === tag.key);
    assert.deepEqual(found?.counters, sum(plan.layout, plan.processors, [tag]));
    assert.equal(found?.place, inTable.includes(tag) ? 'table' : 'expansion');
  }
  const overflow = truth.merged.find(({ place }) => place === 'overflow');
  assert.deepEqual(
    overflow?.counters,
    inOverflow.length === 0 ? undefined : sum(plan.layout, plan.processors, inOverflow),
  );
  assert.equal(truth.merged.length, inTable.length + inExpansion.length + (inOverflow.length === 0 ? 0 : 1));
  assert.deepEqual(truth.readable, truth.merged);

  function keyAt(slot: number): number {
    const at = slot * plan.layout;
    return memory.read((truth.tables[0]?.pages[Math.floor(at / PAGE)] ?? 0) + (at % PAGE), 4).readUInt32LE();
  }
}

function sum(layout: EntrySize, processors: number, tags: readonly TagPlan[]): Record<string, bigint> {
  const bits = counterBits(layout);
  const shares = tags.flatMap(({ perProcessor }) => perProcessor.slice(0, processors));
  return Object.fromEntries(
    COUNTER_NAMES.map((name, i) => [
      name,
      shares.reduce((total, share) => total + (share?.[name] ?? 0n), 0n) % 2n ** BigInt(bits[i] ?? 0),
    ]),
  );
}
