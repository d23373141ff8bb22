import assert from 'node:assert/strict';
import { rowsOf } from '../../src/record/rows/rows.js';
import { POOL_TAG, POOL_TAG_CPU } from '../../src/record/schema/record-types.js';
import type { RecordType, Row } from '../../src/record/schema/record-type.js';
import type { DecodedScan } from '../../src/scan/scan-result.js';
import { carveStream } from '../support/expect/carve-pages.js';
import { assertTotals, walkBuffer } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { counters, writeEntry, type EntrySize } from '../support/generate/tracker/tracker-layouts.js';
import { rawBuffer } from '../support/write/raw.js';

const SLOTS = 256;
const FREES = 1234n;
const PROCESSORS = 4;

/** A memory whose tables and expansion are full, with frees under no key in slot N of all processors but the first. */
function memory(layout: 40 | 56 | 80, more: MemoryPlan): GeneratedMemory {
  const plan = { seed: 11, layout, tableSlots: SLOTS, tagCount: 400, processors: PROCESSORS, memoryBytes: 32 << 20 };
  const generated = generateMemory({ ...plan, ...more });
  for (const table of generated.truth.tables.slice(1)) {
    const entry = Buffer.alloc(layout);
    const frees = counters(layout as EntrySize, { nonPagedFrees: FREES, nonPagedBytes: -64n * FREES });
    writeEntry(entry, 0, layout as EntrySize, 0, frees);
    generated.space.write((table.address + BigInt(SLOTS * layout)) as never, entry);
  }
  return generated;
}

const rows = (result: DecodedScan, type: RecordType): Row[] => [...(rowsOf(type, result) as Iterable<Row>)];

describe('frees in overflow slots without a key', () => {
  const ways = [
    ['walked', (bytes: Buffer) => walkBuffer(bytes, {}, true)],
    ['carved', (bytes: Buffer) => carveStream([bytes], {}, true)],
  ] as const;
  for (const layout of [40, 56, 80] as const) {
    for (const [way, scan] of ways) {
      it(`are told, and not counted in Ovfl: ${way}, ${layout}-byte entries`, async () => {
        const generated = memory(layout, { expansionSize: 40 });
        const result = await scan(rawBuffer(generated));
        const overflow = result.totals.find(({ place }) => place === 'overflow')!;
        const first = generated.truth.tracker.entries[0]!.find(({ slot }) => slot === SLOTS)!;
        assert.equal(overflow.counters[1], first.counters.nonPagedFrees);
        const count = BigInt(PROCESSORS - 1);
        assert.deepEqual(overflow.keyless, {
          processors: PROCESSORS - 1,
          counters: [0n, count * FREES, -64n * count * FREES, 0n, 0n, 0n],
          isCounted: false,
        });
        const [row] = rows(result, POOL_TAG).filter(({ keyless }) => keyless !== null);
        assert.deepEqual([row!['tag'], row!['keyless']], ['Ovfl', 'apart']);
        const told = JSON.parse(row!['keyless_counts'] as string) as Record<string, number>;
        assert.deepEqual([told['processors'], told['nonpaged_frees']], [PROCESSORS - 1, Number(count * FREES)]);
        const message = result.warnings.find(({ code }) => code === 'keyless-overflow')!.message;
        assert.ok(message.includes(`${count * FREES} frees and ${-64n * count * FREES} bytes`), message);
        const own = rows(result, POOL_TAG_CPU).filter(({ key, slot }) => key === 0 && slot === SLOTS);
        assert.deepEqual(
          own.map(({ place, nonpaged_frees, nonpaged_bytes }) => [place, nonpaged_frees, nonpaged_bytes]),
          Array(PROCESSORS - 1).fill(['overflow', FREES, -64n * FREES]),
        );
      });
    }
  }

  it('change no total, and are told, where table 0 has no Ovfl', async () => {
    const generated = memory(56, { tagCount: 100 });
    const result = await walkBuffer(rawBuffer(generated), {}, true);
    assertTotals(result.totals, generated.truth.merged, 56);
    assert.equal(result.outcome.status, 'ok');
    assert.ok(result.warnings.some(({ code }) => code === 'keyless-overflow'));
    assert.equal(rows(result, POOL_TAG_CPU).filter(({ key }) => key === 0).length, PROCESSORS - 1);
  });

  it('are not told where there are none', async () => {
    const plan = { seed: 11, tableSlots: SLOTS, tagCount: 400, expansionSize: 40, memoryBytes: 32 << 20 };
    const result = await walkBuffer(rawBuffer(generateMemory(plan)), {}, true);
    assert.ok(result.totals.some(({ place, keyless }) => place === 'overflow' && keyless === null));
    assert.ok(result.warnings.every(({ code }) => code !== 'keyless-overflow'));
  });
});
