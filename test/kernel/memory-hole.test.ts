import assert from 'node:assert/strict';
import { openImage } from '../../src/image/formats.js';
import { contradicted } from '../../src/kernel/root/memory-hole.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { openScan } from '../../src/scan/open-scan.js';
import { decodeScan } from '../../src/scan/scan.js';
import { assertTotals } from '../support/expect/generated-scan.js';
import { generateMemory } from '../support/generate/memory.js';
import type { GeneratedMemory, MemoryPlan } from '../support/generate/memory-plan.js';
import { PAGE } from '../support/generate/sparse-memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeLayout } from '../support/write/image.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Raw memory in one piece: what lies from 4 GiB on comes right behind what lies below the hole. */
async function writeWithoutHole({ memory }: GeneratedMemory, hole: number, path: string): Promise<void> {
  await writeLayout(
    {
      byteLength: memory.byteLength - 4 * GIB + hole,
      parts: memory.writtenFrames().map((frame) => {
        const address = frame * PAGE;
        return { offset: address < hole ? address : address - 4 * GIB + hole, bytes: memory.page(frame) };
      }),
    },
    path,
  );
}

describe('memory in one piece, without its hole below 4 GiB', () => {
  const folder = temporaryFolder();

  /** Most of memory lies above, so that most of every table does. */
  const plan = (hole: number, more: MemoryPlan = {}): MemoryPlan => ({
    ramRanges: [
      [0, hole],
      [4 * GIB, 4 * GIB + 3 * GIB],
    ],
    tableSlots: 1024,
    tagCount: 600,
    ...more,
  });

  for (const [hole, name, more] of [
    [3 * GIB, 'memory.vmem', {}],
    [2 * GIB, 'memory.raw', {}],
    [3.5 * GIB, 'memory.raw', { lowStub: false }],
    [2.75 * GIB, 'memory.vmem', { layout: 80 }],
    [0x7f700000, 'memory.raw', { seed: 3 }],
    [0xbff00000, 'memory.raw', { pageTables: 'x86-pae', seed: 5 }],
  ] as const) {
    it(`puts it back: ${name}, ${hole / MIB} MiB${JSON.stringify(more)}`, async () => {
      const generated = generateMemory(plan(hole, more));
      const path = folder.path(name);
      await writeWithoutHole(generated, hole, path);
      const scan = await openScan(path, { cache: false, method: 'walk' });
      try {
        const result = await decodeScan(scan);
        assertTotals(result.totals, generated.truth.merged, generated.truth.entrySize);
        assert.equal(result.outcome.status, 'ok');
        assert.deepEqual(
          result.warnings.map(({ code }) => code),
          ['memory-hole'],
        );
        assert.match(result.warnings[0]!.message, new RegExp(`behind file offset 0x${hole.toString(16)} `));
      } finally {
        await scan.close();
      }
    });
  }

  it('where page tables contradict the addresses of the file and no hole is proved, every count is in doubt', async () => {
    const image = await openImage(new BufferSource(Buffer.alloc(2 * MIB), 'memory.raw'));
    const { warnings } = contradicted(new PhysicalMemory(image)).image;
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['memory-hole', 'image-doubtful'],
    );
    assert.match(warnings[1]!.message, /no place for it is proved/);
    assert.deepEqual(image.warnings, []);
  });

  it('leaves memory alone that has its hole', async () => {
    const generated = generateMemory(plan(3 * GIB));
    const path = folder.path('whole.raw');
    await writeLayout(
      {
        byteLength: generated.memory.byteLength,
        parts: generated.memory
          .writtenFrames()
          .map((frame) => ({ offset: frame * PAGE, bytes: generated.memory.page(frame) })),
      },
      path,
    );
    const scan = await openScan(path, { cache: false, method: 'walk' });
    try {
      const result = await decodeScan(scan);
      assertTotals(result.totals, generated.truth.merged, generated.truth.entrySize);
      assert.deepEqual(result.warnings, []);
    } finally {
      await scan.close();
    }
  });
});
