import assert from 'node:assert/strict';
import { carveStream } from '../support/expect/carve-pages.js';
import { assertTotals, walkBuffer } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { Random } from '../support/generate/random.js';
import { tagKey } from '../support/generate/tracker/tag-plan.js';
import type { TagPlan } from '../support/generate/tracker/tracker-table-writer.js';
import { EXPANSION_DAMAGE } from '../support/sweep/damage-expansion.js';
import { Scene } from '../support/sweep/scene.js';
import { rawBuffer } from '../support/write/raw.js';

const SLOTS = 256;

/** More tags than slots, with counts as machines have them, so that the first look recognises every page. */
function manyTags(count: number): TagPlan[] {
  const random = new Random(3);
  const letter = (): string => String.fromCharCode(0x41 + random.below(26));
  const names = new Set<string>();
  while (names.size < count) names.add(letter() + letter() + letter() + letter());
  return [...names].map((name, index) => {
    const perProcessor = [1, 2, 3].map((processor) => {
      if (processor > 1 && !random.oneIn(3)) return null;
      const allocs = BigInt(2 + random.below(100_000));
      const held = allocs / BigInt(2 + random.below(9));
      return { nonPagedAllocs: allocs, nonPagedFrees: allocs - held, nonPagedBytes: held * BigInt(16 * (1 + index)) };
    });
    return { key: tagKey(name), perProcessor };
  });
}

function spilled(layout: 40 | 56 | 80, more: MemoryPlan = {}): GeneratedMemory {
  return generateMemory({
    seed: 21,
    layout,
    tableSlots: SLOTS,
    tags: manyTags(430),
    processors: 3,
    memoryBytes: 32 << 20,
    ...more,
  });
}

function damaged(kind: string, layout: 40 | 56 | 80, more: MemoryPlan = {}): GeneratedMemory {
  const generated = spilled(layout, more);
  assert.ok(EXPANSION_DAMAGE[kind]!(new Scene(generated, new Random(5))) !== null);
  return generated;
}

describe('the expansion table', () => {
  for (const layout of [40, 56, 80] as const) {
    for (const kind of ['outgrown-expansion', 'outgrown-expansion-named', 'outgrown-expansion-sized']) {
      it(`is told from the copies that it left, ${layout}-byte entries: ${kind}`, async () => {
        for (const build of [undefined, 'unknown'] as const) {
          const generated = damaged(kind, layout, build === undefined ? {} : { build });
          for (const locate of build === undefined ? (['symbols', 'structure'] as const) : (['structure'] as const)) {
            const result = await walkBuffer(rawBuffer(generated), { locate });
            assertTotals(result.totals, generated.truth.merged, layout);
            assert.equal(result.outcome.status, 'ok', `${locate}: ${JSON.stringify(result.warnings)}`);
            const facts = result.tables.facts.filter(({ fact }) => fact.startsWith('expansion-'));
            assert.ok(facts.length > 1 && facts.every(({ outcome }) => outcome === 'held'), JSON.stringify(facts));
          }
        }
      });
    }

    it(`is not taken from a copy that its own variable names, ${layout}-byte entries: its tags are marked`, async () => {
      const generated = damaged('expansion-pointer-old', layout);
      for (const locate of ['symbols', 'structure'] as const) {
        const { totals, outcome, doubts } = await walkBuffer(rawBuffer(generated), { locate });
        const inTable = generated.truth.merged.filter(({ place }) => place !== 'expansion');
        assertTotals(
          totals.filter(({ place }) => place !== 'expansion'),
          inTable,
          layout,
        );
        assert.ok(totals.every(({ place, complete }) => place !== 'expansion' || !complete));
        assert.equal(outcome.status, 'incomplete');
        assert.ok(
          doubts.some(({ table }) => table === 'expansion'),
          JSON.stringify(doubts),
        );
      }
    });

    it(`is carved from its pages, and its copies are left out, ${layout}-byte entries`, async () => {
      const generated = damaged('outgrown-expansion', layout);
      const result = await carveStream([rawBuffer(generated)]);
      assertTotals(result.totals, generated.truth.merged, layout);
      assert.equal(result.outcome.status, 'ok', JSON.stringify(result.warnings));
    });
  }

  it('that was not found leaves the tags of the tables complete, and says so', async () => {
    const generated = damaged('expansion-page-zero', 80);
    for (const result of [
      await walkBuffer(rawBuffer(generated), { locate: 'structure' }),
      await carveStream([rawBuffer(generated)]),
    ]) {
      const inTable = generated.truth.merged.filter(({ place }) => place !== 'expansion');
      assertTotals(
        result.totals.filter(({ place }) => place !== 'expansion'),
        inTable,
        80,
      );
      assert.ok(result.totals.every(({ place, complete }) => place !== 'expansion' || !complete));
      assert.equal(result.outcome.status, 'incomplete');
    }
  });

  it('is not looked for while a slot is free', async () => {
    const generated = spilled(56, { tags: manyTags(SLOTS - 1) });
    const { tables, doubts } = await walkBuffer(rawBuffer(generated), { locate: 'structure' });
    assert.equal(tables.expansion, null);
    assert.deepEqual(doubts, []);
    assert.ok(tables.facts.every(({ fact }) => !fact.startsWith('expansion-')));
  });
});
