import assert from 'node:assert/strict';
import { physicalAddress } from '../../src/address.js';
import { openImage } from '../../src/image/formats.js';
import { RunListBuilder } from '../../src/image/run-list.js';
import { lowStubRoots, selfReferringRoots } from '../../src/kernel/root/page-table-root.js';
import { PAGINGS } from '../../src/memory/paging/paging.js';
import { findKernel, findKernels, type KernelSearch } from '../../src/kernel/root/root.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { generateMemory } from '../support/generate/memory.js';
import type { MemoryPlan } from '../support/generate/memory-plan.js';
import { TABLE_KINDS } from '../support/generate/paging/table-formats.js';
import { assertTotals, walkBuffer } from '../support/expect/generated-scan.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { elfCoreBuffer } from '../support/write/elf/elf-core.js';
import { elf32Buffer } from '../support/write/elf/elf-32.js';
import { rawBuffer } from '../support/write/raw.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const SMALL: MemoryPlan = { memoryBytes: 24 * MIB, tagCount: 60, tableSlots: 128 };

async function memoryOf(bytes: Buffer): Promise<PhysicalMemory> {
  return new PhysicalMemory(await openImage(new BufferSource(bytes)));
}

async function errorOf(bytes: Buffer, search: KernelSearch = {}): Promise<{ code: string; message: string }> {
  const found = await findKernel(await memoryOf(bytes), search);
  assert.ok('error' in found);
  return found.error;
}

describe('page table roots', () => {
  for (const kind of TABLE_KINDS) {
    it(`of a process are no other system's, and every one leads to the kernel: ${kind}`, async () => {
      const generated = generateMemory({
        ...SMALL,
        pageTables: kind,
        lowStub: false,
        decoys: ['processRoot', 'foreignRoot'],
      });
      const { truth } = generated;
      const [processRoot] = truth.decoys[0]!.addresses;
      const bytes = elfCoreBuffer(generated, { notes: 'none' });
      const all = await findKernels(await memoryOf(bytes), { isWide: true });
      assert.ok('found' in all && all.found.length === 1);
      const named = await findKernel(await memoryOf(bytes), { root: physicalAddress(processRoot!) });
      assert.ok('found' in named);
      assert.deepEqual([named.found.root, named.found.image.base], [processRoot, truth.kernelBase]);
    });
  }

  it('with PAE are named by containers to the multiple of 32 bytes', async () => {
    const generated = generateMemory({ ...SMALL, pageTables: 'x86-pae', decoys: ['processRoot'] });
    const [processRoot] = generated.truth.decoys[0]!.addresses;
    assert.notEqual(processRoot! % 0x1000, 0);
    const found = await findKernel(await memoryOf(elfCoreBuffer(generated, { cr3: [processRoot!] })));
    assert.ok('found' in found);
    assert.deepEqual([found.found.root, found.found.rootFrom], [processRoot, 'ELF note of processor 0']);
  });

  for (const [base, from] of [
    [GIB, GIB],
    [GIB, GIB - 8 * MIB],
    [0x80000000, 0x80000000],
  ] as const) {
    it(`of ARM64 tell where memory begins, which a raw file does not: 0x${from.toString(16)}`, async () => {
      const plan: MemoryPlan = { ...SMALL, pageTables: 'arm64', layout: 80, ramRanges: [[base, base + 24 * MIB]] };
      const { truth, ...generated } = generateMemory(plan);
      const decoded = await walkBuffer(rawBuffer({ ...generated, truth }, from));
      assertTotals(decoded.totals, truth.merged, truth.entrySize);
      assert.equal(decoded.kernel.location?.root, truth.dtb);
      assert.equal(decoded.container?.runs.at(0)?.start, from);
      assert.ok(decoded.warnings.some(({ code }) => code === 'memory-base'));
    });
  }

  it('are found on a page of which two runs of the image hold a part each', async () => {
    const generated = generateMemory(SMALL);
    const { truth } = generated;
    const whole = await openImage(new BufferSource(rawBuffer(generated)));
    const cuts = [truth.lowStub! + 0x80, truth.dtb + 0x800].sort((a, b) => a - b);
    const runs = new RunListBuilder('test');
    [0, ...cuts].forEach((start, index) => {
      // A byte between the runs is missing, and they cannot be joined.
      const end = (cuts[index] ?? 24 * MIB) - 1;
      runs.add(start, end - start, start);
    });
    const roots = [];
    for await (const { address, from } of lowStubRoots(new PhysicalMemory({ ...whole, runs: runs.build() }), PAGINGS))
      roots.push([address, from]);
    assert.deepEqual(roots, [[truth.dtb, 'low stub']]);
    const selfReferring = [];
    for await (const { address } of selfReferringRoots(
      new PhysicalMemory({ ...whole, runs: runs.build() }),
      PAGINGS,
      () => 24 * MIB,
    ))
      selfReferring.push(address);
    assert.ok(selfReferring.some((address) => address === truth.dtb));
  });

  it('are of the kind that is asked for, whatever the container says', async () => {
    const generated = generateMemory({ ...SMALL, pageTables: 'x86' });
    const claimsX64 = elf32Buffer(generated);
    claimsX64.writeUInt16LE(62, 0x12);
    assert.match((await errorOf(claimsX64, { architecture: 'x64' })).message, /no running x64 Windows kernel found/);
    // What the container says comes first, and is no reason to find nothing.
    for (const search of [{ architecture: 'x86' }, {}] as const) {
      const found = await findKernel(await memoryOf(claimsX64), search);
      assert.ok('found' in found);
      assert.equal(found.found.image.base, generated.truth.kernelBase);
    }
  });

  it('of another kind than is asked for are one clear line', async () => {
    const x86 = generateMemory({ ...SMALL, pageTables: 'x86' });
    const { code, message } = await errorOf(elf32Buffer(x86), { architecture: 'x64' });
    assert.equal(code, 'NO_KERNEL');
    assert.match(message, /^memory: no running x64 Windows kernel found: .*; the container says that it is of x86$/);
    for (const [kind, asked] of [
      ['x64', 'arm64'],
      ['x64-la57', 'x86-pae'],
      ['x86', 'x86-pae'],
      ['x86-pae', 'x86'],
      ['arm64', 'x64'],
    ] as const) {
      const bytes = elfCoreBuffer(generateMemory({ ...SMALL, pageTables: kind }), { notes: 'none' });
      assert.match((await errorOf(bytes, { architecture: asked })).message, new RegExp(`no running ${asked} Windows`));
    }
  });
});
