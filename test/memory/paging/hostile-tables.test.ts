import assert from 'node:assert/strict';
import fc from 'fast-check';
import { physicalAddress, virtualAddress } from '../../../src/address.js';
import { openImage } from '../../../src/image/formats.js';
import { isMapped, type PageTable, PAGINGS } from '../../../src/memory/paging/paging.js';
import { PhysicalMemory } from '../../../src/memory/physical-memory.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';

const BYTES = 64 * 1024;
const ROOT = 0x1000;
/** In the kernel's half of every processor. */
const ADDRESSES = {
  4: [0x80000000n, 0xc0300000n, 0xffdf0000n, 0xfffff000n],
  8: [0xfffff80000000000n, 0xfffff78000000000n, 0xffff800000000000n, 0xfffffffffffff000n],
};

async function tableOf(bytes: Buffer, paging: (typeof PAGINGS)[number]): Promise<PageTable> {
  return paging.open(new PhysicalMemory(await openImage(new BufferSource(bytes), 'raw')), physicalAddress(ROOT), null);
}

/** An entry with these low bits that names the root itself, on every entry of the root. */
function loops(entrySize: 4 | 8, flags: bigint): Buffer {
  const bytes = Buffer.alloc(BYTES);
  for (let at = ROOT; at < ROOT + 0x1000; at += entrySize) {
    if (entrySize === 8) bytes.writeBigUInt64LE(BigInt(ROOT) | flags, at);
    else bytes.writeUInt32LE(ROOT | Number(flags), at);
  }
  return bytes;
}

describe('hostile page tables', () => {
  for (const paging of PAGINGS) {
    const name = `${paging.name}, ${paging.levels} levels`;
    const addresses = ADDRESSES[paging.pointerSize].map((address) => virtualAddress(address));

    it(`that lead back to themselves map themselves, and are listed to an end (${name})`, async () => {
      const table = await tableOf(loops(paging.name === 'x86' ? 4 : 8, 3n), paging);
      for (const address of addresses)
        assert.deepEqual(await table.translate(address), { physicalAddress: ROOT, pageSize: 0x1000 });
      let count = 0;
      const from = addresses[0]!;
      for await (const mapping of table.mappings(from, virtualAddress(from + 0x1000000n))) {
        assert.equal(mapping.physicalAddress, ROOT);
        count++;
      }
      assert.equal(count, 0x1000);
    });

    it(`of nothing but ones end outside the image (${name})`, async () => {
      const table = await tableOf(Buffer.alloc(BYTES, 0xff), paging);
      for (const address of addresses) {
        const found = await table.translate(address);
        assert.ok(!isMapped(found));
        assert.equal(found.reason, 'not-in-image');
      }
    });

    it(`of any bytes give an answer (${name})`, () =>
      assertAsyncProperty(
        fc.asyncProperty(
          fc.uint8Array({ minLength: 0x1000, maxLength: 0x1000 }),
          fc.nat(0xfff),
          async (bytes, within) => {
            const memory = Buffer.alloc(BYTES);
            for (let at = 0; at < BYTES; at += 0x1000) memory.set(bytes, at);
            const table = await tableOf(memory, paging);
            for (const address of addresses) {
              const found = await table.translate(virtualAddress(address + BigInt(within)));
              if (isMapped(found)) assert.ok(found.physicalAddress < BYTES);
              else if (found.physicalAddress !== null) assert.ok(found.physicalAddress >= 0);
            }
            let listed = 0;
            for await (const { virtualAddress: address } of table.mappings(
              addresses[0]!,
              virtualAddress(addresses[0]! + 0x10000000n),
            )) {
              assert.ok(address + 0x100000000n > addresses[0]!);
              if (++listed === 1000) break;
            }
          },
        ),
        { numRuns: 20 },
      ));
  }
});
