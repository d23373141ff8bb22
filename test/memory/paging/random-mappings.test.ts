import assert from 'node:assert/strict';
import fc from 'fast-check';
import { virtualAddress } from '../../../src/address.js';
import { describeMissing, isMapped } from '../../../src/memory/paging/paging.js';
import { VirtualSpace } from '../../support/generate/paging/virtual-space.js';
import { type PageKind, spanOf, TABLE_FORMATS, TABLE_KINDS } from '../../support/generate/paging/table-formats.js';
import { assertAsyncProperty } from '../../support/lanes/property.js';

const MEMORY = 4 << 20;

interface PlannedPage {
  readonly address: bigint;
  readonly physical: number;
  readonly kind: PageKind;
}

/** Where pages of a kind are mapped: apart from other kinds, from KUSER_SHARED_DATA and from the page tables. */
const REGIONS = {
  4: { small: 0x80000000n, transition: 0x88000000n, large: 0x90000000n, huge: 0n },
  8: {
    small: 0xfffff80000000000n,
    transition: 0xfffff8a000000000n,
    large: 0xfffff8c000000000n,
    huge: 0xfffff90000000000n,
  },
} as const;

/** Slots, in pages of the kind, from the start of its region. */
function slotsOf(pointerSize: 4 | 8, kind: PageKind): number {
  if (kind === 'large') return pointerSize === 4 ? 16 : 4096;
  return kind === 'huge' ? 64 : pointerSize === 4 ? 0x8000 : 2 ** 26;
}

describe('page tables of every kind', () => {
  for (const tables of TABLE_KINDS) {
    const format = TABLE_FORMATS[tables];
    const kinds = (['small', 'transition', 'large', 'huge'] as const).filter((kind) => format.leaf[kind] !== undefined);

    it(`${tables}: translate and list what was mapped, and nothing else`, () =>
      assertAsyncProperty(
        fc.asyncProperty(
          fc.array(
            fc.record({
              kind: fc.constantFrom(...kinds),
              slot: fc.nat(2 ** 26),
              frame: fc.nat(2 ** 11),
              within: fc.nat(2 ** 30 - 1),
            }),
            { maxLength: 40 },
          ),
          async (planned) => {
            const virtual = new VirtualSpace(MEMORY, tables);
            const { space, memory } = virtual;
            const pages = new Map<bigint, PlannedPage & { within: bigint }>();
            for (const { kind, slot, frame, within } of planned) {
              const span = spanOf(format, kind);
              const address = REGIONS[space.pointerSize][kind] + BigInt(slot % slotsOf(space.pointerSize, kind)) * span;
              if (pages.has(address)) continue;
              const isSmall = kind === 'small' || kind === 'transition';
              // Some large pages lie beyond the end of memory, wholly or in part.
              const physical = isSmall ? memory.allocatePage() : (frame % 4) * Number(span);
              space.map(address, physical, kind);
              pages.set(address, { address, physical, kind, within: BigInt(within) % span });
            }
            const read = await virtual.read();
            const mapped = [...pages.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
            for (const { address, physical, kind, within } of mapped) {
              const found = await read.translate(virtualAddress(address + within));
              const at = physical + Number(within);
              if (at < memory.byteLength)
                assert.deepEqual(found, { physicalAddress: at, pageSize: Number(spanOf(format, kind)) });
              else {
                assert.ok(!isMapped(found) && found.reason === 'not-in-image' && found.level === 'page');
                assert.equal(found.physicalAddress, at - (at % 0x1000));
              }
              const next = address + spanOf(format, kind);
              const isFree = ![...pages.values()].some(
                (page) => next >= page.address && next < page.address + spanOf(format, page.kind),
              );
              if (isFree) {
                const missing = await read.translate(virtualAddress(next));
                assert.ok(!isMapped(missing), `${describeMissing(missing as never)}`);
                assert.equal(missing.reason, 'not-present');
              }
            }
            const listed: [bigint, number, number][] = [];
            const [from, to] =
              space.pointerSize === 4 ? [0x80000000n, 0xa0000000n] : [REGIONS[8].small, REGIONS[8].huge + 2n ** 39n];
            for await (const { virtualAddress: address, physicalAddress, pageSize } of read.pageTable.mappings(
              virtualAddress(from),
              virtualAddress(to),
            ))
              listed.push([address, physicalAddress, pageSize]);
            assert.deepEqual(
              listed,
              mapped
                .filter(({ kind }) => kind !== 'transition')
                .map(({ address, physical, kind }) => [address, physical, Number(spanOf(format, kind))]),
            );
          },
        ),
        { numRuns: 25 },
      ));

    it(`${tables}: find their own roots, and those of other processes, on the pages of memory`, async () => {
      const virtual = new VirtualSpace(MEMORY, tables);
      const roots = [virtual.space.root, virtual.space.processRoot(), virtual.space.processRoot()].sort(
        (a, b) => a - b,
      );
      const { pageTable, physical } = await virtual.read();
      const found: number[] = [];
      for (let address = 0; address < virtual.memory.byteLength; address += 0x1000) {
        const page = (await physical.page(address as never))!;
        const words = new Uint32Array(page.buffer, page.byteOffset, 1024);
        found.push(...pageTable.paging.rootsOn({ words, first: 0, address }).map((offset) => address + offset));
      }
      assert.deepEqual(found, roots);
    });
  }
});
