import assert from 'node:assert/strict';
import fc from 'fast-check';
import { physicalAddress, virtualAddress } from '../../../src/address.js';
import { openImage } from '../../../src/image/formats.js';
import { PhysicalMemory } from '../../../src/memory/physical-memory.js';
import { describeMissing, isMapped } from '../../../src/memory/paging/translation.js';
import type { PageTable } from '../../../src/memory/paging/paging.js';
import { x64La57 } from '../../../src/memory/paging/x64-la57.js';
import { x64 } from '../../../src/memory/paging/x64.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';

const KIB = 1024;
const PRESENT = 3n;
const LARGE = 0x80n;

/** 256 KiB of memory with tables at 0x1000 (PML4), 0x2000 (PDPT), 0x3000 (PD), 0x4000 (PT). */
function memoryWith(entries: readonly (readonly [address: number, value: bigint])[]): Buffer {
  const bytes = Buffer.alloc(256 * KIB);
  for (const [address, value] of entries) bytes.writeBigUInt64LE(value, address);
  return bytes;
}

async function tableOver(bytes: Buffer, paging = x64): Promise<PageTable> {
  return paging.open(
    new PhysicalMemory(await openImage(new BufferSource(bytes), 'raw')),
    physicalAddress(0x1000),
    null,
  );
}

/** fffff80000000000: PML4 slot 0x1f0, then slot 0 all the way down. */
const BASE = virtualAddress(0xfffff80000000000n);
const CHAIN = [
  [0x1000 + 0x1f0 * 8, 0x2000n | PRESENT],
  [0x2000, 0x3000n | PRESENT],
  [0x3000, 0x4000n | PRESENT],
] as const;

describe('x64 page tables', () => {
  it('map a 4 KiB page through four levels', async () => {
    const table = await tableOver(memoryWith([...CHAIN, [0x4008, 0x9000n | PRESENT]]));
    assert.deepEqual(await table.translate(virtualAddress(BASE + 0x1abcn)), {
      physicalAddress: 0x9abc,
      pageSize: 0x1000,
    });
  });

  it('map a page through five levels', async () => {
    const entries = [
      [0x1000 + 0x1ff * 8, 0x8000n | PRESENT],
      [0x8000 + 0x1f0 * 8, 0x2000n | PRESENT],
      ...CHAIN.slice(1),
      [0x4000, 0x9000n | PRESENT],
    ] as const;
    const table = await tableOver(memoryWith(entries), x64La57);
    assert.deepEqual(await table.translate(BASE), { physicalAddress: 0x9000, pageSize: 0x1000 });
  });

  it('map 2 MiB and 1 GiB pages', async () => {
    const large = await tableOver(memoryWith([...CHAIN.slice(0, 2), [0x3000, 0n | PRESENT | LARGE]]));
    assert.deepEqual(await large.translate(virtualAddress(BASE + 0x12345n)), {
      physicalAddress: 0x12345,
      pageSize: 2 ** 21,
    });
    const huge = await tableOver(memoryWith([CHAIN[0], [0x2000, 0n | PRESENT | LARGE]]));
    assert.deepEqual(await huge.translate(virtualAddress(BASE + 0x23456n)), {
      physicalAddress: 0x23456,
      pageSize: 2 ** 30,
    });
  });

  it('follow a PTE in transition, masked or not, but no prototype and no paged-out one', async () => {
    const transition = 0x800n;
    const entries = [
      [0x4000, 0x9000n | transition],
      [0x4008, (0x9000n | transition) ^ (1n << 45n)],
      [0x4010, 0x9000n | transition | 0x400n],
      [0x4018, 0x9000n],
    ] as const;
    const table = await tableOver(memoryWith([...CHAIN, ...entries]));
    const at = (page: bigint) => table.translate(virtualAddress(BASE + page * 0x1000n));
    assert.deepEqual(await at(0n), { physicalAddress: 0x9000, pageSize: 0x1000 });
    assert.deepEqual(await at(1n), { physicalAddress: 0x9000, pageSize: 0x1000 });
    assert.deepEqual(await at(2n), {
      virtualAddress: BASE + 0x2000n,
      reason: 'prototype',
      level: 'PT',
      physicalAddress: 0x4010,
    });
    assert.ok(!isMapped(await at(3n)));
  });

  it('say at which level and which address a walk ended', async () => {
    const table = await tableOver(
      memoryWith([...CHAIN.slice(0, 2), [0x3000, 0x7fff000n | PRESENT], [0x2008, 0x7ffe000n | PRESENT | LARGE]]),
    );
    const lostTable = await table.translate(BASE);
    assert.deepEqual(lostTable, {
      virtualAddress: BASE,
      reason: 'not-in-image',
      level: 'PT',
      physicalAddress: 0x7fff000,
    });
    assert.equal(
      describeMissing(lostTable as never),
      'virtual 0xfffff80000000000 is missing: the PT at physical 0x7fff000 is not in the image',
    );
    const absent = await table.translate(virtualAddress(0xfffff90000000000n));
    assert.deepEqual(absent, {
      virtualAddress: 0xfffff90000000000n,
      reason: 'not-present',
      level: 'PML4',
      physicalAddress: 0x1000 + 0x1f2 * 8,
    });
    const odd = await table.translate(virtualAddress(0x0001000000000000n));
    assert.equal((odd as { reason: string }).reason, 'not-canonical');
  });

  it('end on tables that lead back to themselves', async () => {
    const bytes = Buffer.alloc(256 * KIB);
    for (let slot = 0; slot < 512; slot++) bytes.writeBigUInt64LE(0x1000n | PRESENT, 0x1000 + slot * 8);
    const table = await tableOver(bytes);
    assert.deepEqual(await table.translate(BASE), { physicalAddress: 0x1000, pageSize: 0x1000 });
    let count = 0;
    for await (const mapping of table.mappings(BASE, virtualAddress(BASE + 0x40000000n))) {
      count += mapping.pageSize / 0x1000;
      if (count >= 1000) break;
    }
    assert.equal(count, 1000);
  });

  it('list exactly what translates', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 511 }), { maxLength: 40 }), async (slots) => {
        const table = await tableOver(
          memoryWith([
            ...CHAIN,
            ...slots.map((slot) => [0x4000 + slot * 8, BigInt(0x8000 + (slot % 32) * 0x1000) | PRESENT] as const),
          ]),
        );
        const listed: bigint[] = [];
        for await (const { virtualAddress: address, physicalAddress: at } of table.mappings(
          BASE,
          virtualAddress(BASE + 0x200000n),
        )) {
          listed.push(address);
          assert.deepEqual(await table.translate(address), { physicalAddress: at, pageSize: 0x1000 });
        }
        assert.deepEqual(
          listed,
          slots.sort((a, b) => a - b).map((slot) => BASE + BigInt(slot) * 0x1000n),
        );
      }),
      { numRuns: 30 },
    );
  });
});
