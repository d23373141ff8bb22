import assert from 'node:assert/strict';
import { openImage } from '../../src/image/formats.js';
import { SCANNED_RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { rowsOf } from '../../src/record/rows/rows.js';
import { decodeScan, resultOf, scanRequest } from '../../src/scan/scan.js';
import { WalkScan } from '../../src/scan/walk-scan.js';
import { PROBE_LENGTH, readBytes, type Source } from '../../src/source/source.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import { DECOYS, type GeneratedMemory, type MemoryPlan } from '../support/generate/memory-plan.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { FarSource } from '../support/sources/far-source.js';
import { SparseSource } from '../support/sources/sparse-source.js';
import { crashDumpBuffer } from '../support/write/crash-dump/crash-dump.js';
import { aff4Buffer } from '../support/write/evidence/aff4.js';
import { ewfBuffers } from '../support/write/evidence/ewf.js';
import { kdumpBuffer } from '../support/write/kdump.js';
import { limeBuffer } from '../support/write/lime/lime.js';
import { rawBuffer } from '../support/write/raw.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const HEAD = 1 << 16;

/** What the records of an image have of the way by which it was read. */
const OF_THE_WAY = new Set(['bytes_read', 'elapsed_ms']);

/** Every record of an image that is read from a source, as text. */
async function recordsOf(source: Source): Promise<string> {
  const scan = await WalkScan.open(await openImage(source), scanRequest(source.name, { cache: false }));
  const result = await resultOf(scan, true);
  const rows: unknown[] = [];
  for (const type of SCANNED_RECORD_TYPES) for await (const row of rowsOf(type, result)) rows.push([type.name, row]);
  return JSON.stringify(
    rows,
    (name, value: unknown) => (OF_THE_WAY.has(name) ? undefined : typeof value === 'bigint' ? String(value) : value),
    1,
  );
}

async function farFrom(base: Source, atOnce?: number): Promise<FarSource> {
  return new FarSource(base, await readBytes(base, 0, HEAD), undefined, atOnce);
}

const PLANS: Readonly<Record<string, MemoryPlan>> = {
  'a known build': { layout: 80, processors: 8, tableSlots: 1024, processes: [], bigPages: [] },
  'no symbols': { build: 'unknown', kdbg: 'absent', processors: 4 },
  'no low stub, in large pages': { lowStub: false, largePages: '2MiB', tableSlots: 2048, tagCount: 900 },
  'every decoy': { decoys: DECOYS, memoryBytes: 128 * MIB },
  'pages that are lost': { missingPages: [0, 3, 9].map((page) => ({ processor: 1, page })), tableSlots: 1024 },
  'x86 with PAE': { pageTables: 'x86-pae' },
  arm64: { pageTables: 'arm64' },
};

const CONTAINERS: Readonly<Record<string, (generated: GeneratedMemory) => Buffer>> = {
  'a bitmap crash dump': (generated) => crashDumpBuffer(generated, { dumpType: 5 }),
  LiME: limeBuffer,
  AFF4: aff4Buffer,
  kdump: kdumpBuffer,
  EWF: (generated) => ewfBuffers(rawBuffer(generated), 1 << 20)[0]!,
};

describe('an image that is far away', () => {
  for (const [name, plan] of Object.entries(PLANS))
    it(`gives the same records: ${name}`, async () => {
      const content = rawBuffer(generateMemory(plan));
      const far = await farFrom(new BufferSource(content, 'memory.raw'));
      const records = await recordsOf(new BufferSource(content, 'memory.raw'));
      assert.ok(records.length > 1000);
      assert.equal(await recordsOf(far.source), records);
    });

  for (const [name, write] of Object.entries(CONTAINERS))
    it(`gives the same records from ${name}`, async () => {
      const content = write(generateMemory({ processors: 3, tableSlots: 1024, tagCount: 600 }));
      const far = await farFrom(new BufferSource(content, 'memory'));
      assert.ok(content.length > PROBE_LENGTH);
      assert.equal(await recordsOf(far.source), await recordsOf(new BufferSource(content, 'memory')));
    });

  /** What a scan of 64 GiB asks for, as a bucket is asked: 32 requests at a time. */
  async function askedFor(tablePages: 'apart' | 'in-a-row'): Promise<{ far: FarSource; pages: number }> {
    const plan = {
      layout: 80,
      processors: 12,
      tableSlots: 4096,
      tagCount: 2600,
      memoryBytes: 64 * GIB,
      tablePages,
    } as const;
    const generated = generateMemory(plan);
    const far = await farFrom(new SparseSource(generated.memory, 'large.raw'), 32);
    const scan = await WalkScan.open(await openImage(far.source), scanRequest('large.raw', { cache: false }));
    assert.ok(!('outcome' in scan));
    const { totals } = await decodeScan(scan);
    assertTotals(totals, generated.truth.merged, generated.truth.entrySize);
    return { far, pages: generated.truth.tables.reduce((sum, { pages }) => sum + pages.length, 0) };
  }

  it('of 64 GiB moves at most 8 MiB in at most 60 requests, when tables lie in a row', async () => {
    const { far } = await askedFor('in-a-row');
    assert.ok(far.bytes + HEAD <= 8 * MIB, `${far.bytes + HEAD} bytes`);
    assert.ok(far.requests.length <= 60, `${far.requests.length} requests`);
    assert.ok(far.rounds <= 30, `${far.rounds} rounds`);
  });

  it('of 64 GiB moves as much when each page of them lies anywhere, and asks for each of these once', async () => {
    const { far, pages } = await askedFor('apart');
    assert.ok(far.bytes + HEAD <= 8 * MIB, `${far.bytes + HEAD} bytes`);
    assert.ok(far.requests.length <= pages + 60, `${far.requests.length} requests for ${pages} pages`);
    assert.ok(far.rounds <= 30 + pages / 32 + 12, `${far.rounds} rounds`);
  });
});
