import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { physicalAddress } from '../../src/address.js';
import { openScan, openSystems } from '../../src/scan/open-scan.js';
import { decodeScan } from '../../src/scan/scan.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { PAGE } from '../support/generate/sparse-memory.js';
import { queryDuckdb } from '../support/records/duckdb.js';
import { runCli } from '../support/run/cli.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { rawBuffer } from '../support/write/raw.js';

const PLAN: MemoryPlan = { layout: 56, tableSlots: 256, tagCount: 120, processors: 2, memoryBytes: 32 << 20 };
const HOUR = 3_600_000;
const NOW = Date.UTC(2024, 8, 1, 12);

/** A memory in whose free pages earlier systems lie, the latest first. */
function layered(...systems: readonly MemoryPlan[]): { bytes: Buffer; truths: GeneratedMemory['truth'][] } {
  const [running, ...earlier] = systems.map((plan, index) =>
    generateMemory({ ...PLAN, seed: 40 + index, systemTime: new Date(NOW - index * HOUR), ...plan }),
  );
  for (const system of earlier)
    for (const [frame, content] of system.memory.pages)
      if (!running!.memory.pages.has(frame)) running!.memory.write(frame * PAGE, content);
  return { bytes: rawBuffer(running!), truths: [running!, ...earlier].map(({ truth }) => truth) };
}

describe('several systems in one memory', () => {
  const folder = temporaryFolder();
  const path = (): string => folder.path('two.raw');
  const two = layered({}, { seed: 77 });
  before(() => writeFileSync(path(), two.bytes));

  it('by default the one whose clock is latest is answered, and the others are told of', async () => {
    const scan = await openScan(path(), { cache: false });
    const { system, totals, kernel, warnings } = await decodeScan(scan).finally(() => scan.close());
    assert.equal(system, 0);
    assertTotals(totals, two.truths[0]!.merged, 56);
    assert.deepEqual(
      kernel.others.map(({ root, systemTime }) => [root, systemTime.getTime()]),
      [[two.truths[1]!.dtb, NOW - HOUR]],
    );
    assert.ok(warnings.some(({ code }) => code === 'other-system'));
  });

  it('--all-systems gives each, latest first, told apart by their number and identity', async () => {
    const systems = await openSystems(path(), { cache: false });
    try {
      assert.equal(systems.scans.length, 2);
      const ids = new Set<string>();
      for (const [index, scan] of systems.scans.entries()) {
        assert.ok(!('outcome' in scan));
        const result = await decodeScan(scan);
        assert.equal(result.system, index);
        assert.equal(result.kernel.location!.root, two.truths[index]!.dtb);
        ids.add(result.imageId);
        const truth = new Map(two.truths[index]!.merged.map((entry) => [`${entry.place} ${entry.slot}`, entry]));
        for (const { place, slot, key, counters, complete } of result.totals)
          if (complete) {
            const due = truth.get(`${place} ${slot}`)!;
            assert.deepEqual(
              [key, counters[0], counters[3]],
              [due.key, due.counters.nonPagedAllocs, due.counters.pagedAllocs],
            );
          }
      }
      assert.equal(ids.size, 2);
    } finally {
      await systems.close();
    }
  });

  it('--root picks one of them', async () => {
    for (const [index, truth] of two.truths.entries()) {
      const scan = await openScan(path(), { cache: false, root: physicalAddress(truth.dtb) });
      const { system, kernel } = await decodeScan(scan).finally(() => scan.close());
      assert.deepEqual([system, kernel.location!.root], [index, truth.dtb]);
    }
  });

  it('a root that does not prove is refused with those that do', async () => {
    const refused = openScan(path(), { cache: false, root: physicalAddress(0x5000) });
    await assert.rejects(refused, {
      code: 'NO_KERNEL',
      message: /0x5000 is no page table root of a running Windows kernel/,
    });
    await assert.rejects(refused, { hint: new RegExp(`roots that prove: 0x${two.truths[0]!.dtb.toString(16)}`) });
  });

  const bad: readonly (readonly [what: string, words: readonly string[], message: RegExp])[] = [
    ['no address', ['--root', 'low'], /--root: expected the physical address of a page table root/],
    ['an address that no root has', ['--root', '0x1234'], /a multiple of 32 below 2\^52, found '0x1234'/],
    ['a root to carve', ['--root', '0x5000', '--method', 'carve'], /--root needs page tables, and .* is carved/],
    ['all systems, carved', ['--all-systems', '--method', 'carve'], /--all-systems needs page tables/],
    ['both', ['--all-systems', '--root', '0x5000'], /--root names one system, --all-systems all of them/],
  ];
  for (const [what, words, message] of bad)
    it(`is refused in one line with status 2: ${what}`, async () => {
      const { status, stdout, stderr } = await runCli(['scan', path(), ...words]);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr.split('\n')[0]!, message);
    });

  it('are told apart in records, in info and in a dataset', async () => {
    const tags = folder.path('tags.parquet');
    const scanned = await runCli(['scan', path(), '--all-systems', '-o', tags]);
    assert.equal(scanned.status, 0, scanned.stderr);
    const roots = two.truths.map(({ dtb }) => `0x${dtb.toString(16)}`);
    for (const [index, root] of roots.entries())
      assert.ok(scanned.stderr.includes(`system ${index} (of 2), page table root ${root}`), scanned.stderr);
    const counted = 'SELECT system, count(*)::INTEGER AS tags, count(DISTINCT image_id)::INTEGER AS images';
    const perSystem = await queryDuckdb(`${counted} FROM '${tags}' GROUP BY system ORDER BY system`);
    assert.deepEqual(
      perSystem.map(({ system, images }) => [system, images]),
      [
        [0, 1],
        [1, 1],
      ],
    );
    const info = await runCli(['info', path(), '--all-systems', '--json']);
    assert.deepEqual(
      info.stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { page_table_root: string }).page_table_root),
      roots,
    );
    const batch = ['batch', path(), '--out', folder.path('lake'), '--all-systems', '-j', '1'];
    assert.equal((await runCli(batch)).status, 0);
    const lake = folder.path('lake/pool_tag/v=2/**/*.parquet');
    assert.deepEqual(await queryDuckdb(`${counted} FROM '${lake}' GROUP BY system ORDER BY system`), perSystem);
    assert.match((await runCli(batch)).stderr, /skipped|nothing|done/i);
  });
});
