import assert from 'node:assert/strict';
import fc from 'fast-check';
import { physicalAddress, virtualAddress, type VirtualAddress } from '../../src/address.js';
import { openImage } from '../../src/image/formats.js';
import { walkRing, type RingWalk } from '../../src/memory/structures.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { VirtualMemory } from '../../src/memory/virtual-memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { generateMemory } from '../support/generate/memory.js';
import { assertAsyncProperty } from '../support/lanes/property.js';
import { pagingOf } from '../support/generate/paging/virtual-space.js';
import { rawBuffer } from '../support/write/raw.js';

const HEAD = 0xffff8880c0000000n;
const MEMBERS = 12;
const address = (index: number): bigint => HEAD + BigInt(index) * 0x40n;

/** A ring of a head and twelve members, after `tear` has written over links by their index. */
async function walk(
  tear: (link: (index: number, way: 'forward' | 'back', to: bigint) => void) => void = () => undefined,
  most = 100,
): Promise<RingWalk> {
  const generated = generateMemory({ memoryBytes: 24 << 20, tagCount: 40 });
  const { space } = generated;
  space.mapFresh(HEAD, 0x1000);
  for (let index = 0; index <= MEMBERS; index++) {
    const next = (index + 1) % (MEMBERS + 1);
    space.writeU64(address(index), address(next));
    space.writeU64(address(next) + 8n, address(index));
  }
  tear((index, way, to) => space.writeU64(address(index) + (way === 'back' ? 8n : 0n), to));
  const image = await openImage(new BufferSource(rawBuffer(generated)), 'raw');
  const memory = VirtualMemory.through(new PhysicalMemory(image), physicalAddress(space.root), pagingOf('x64'));
  return walkRing(memory, virtualAddress(HEAD), most);
}

function members(from: number, to: number): VirtualAddress[] {
  return Array.from({ length: to - from + 1 }, (_, index) => virtualAddress(address(from + index)));
}

describe('ring of list entries', () => {
  it('is walked in its order', async () =>
    assert.deepEqual(await walk(), { entries: members(1, MEMBERS), whole: true }));

  it('of nothing but its head has no members', async () => {
    assert.deepEqual(await walk((link) => link(0, 'forward', HEAD)), { entries: [], whole: true });
  });

  it('torn forward anywhere is completed by the way back', async () => {
    for (const to of [0n, 0x1000n, address(2), address(5)]) {
      assert.deepEqual(
        await walk((link) => link(5, 'forward', to)),
        { entries: members(1, MEMBERS), whole: false },
        to.toString(16),
      );
    }
  });

  it('that skips members forward is completed by the way back', async () => {
    const { entries, whole } = await walk((link) => link(5, 'forward', address(9)));
    assert.deepEqual(entries, [...members(1, 5), ...members(9, MEMBERS), ...members(6, 8)]);
    assert.equal(whole, false);
  });

  it('torn back alone is still whole', async () => {
    assert.deepEqual(await walk((link) => link(5, 'back', 0x1000n)), { entries: members(1, MEMBERS), whole: true });
  });

  it('torn both ways gives both ends', async () => {
    const { entries } = await walk((link) => {
      link(3, 'forward', 0n);
      link(9, 'back', 0n);
    });
    assert.deepEqual(entries, [...members(1, 3), ...members(9, MEMBERS)]);
  });

  it('is left at the limit', async () => {
    assert.deepEqual(await walk(undefined, 5), { entries: members(1, 5), whole: false });
  });

  it('ends, with each member at most once, whatever its links say', async () => {
    const link = fc.tuple(
      fc.nat(MEMBERS),
      fc.constantFrom('forward' as const, 'back' as const),
      fc.integer({ min: -1, max: MEMBERS }),
    );
    await assertAsyncProperty(
      fc.asyncProperty(fc.array(link, { maxLength: 6 }), async (links) => {
        const { entries } = await walk((write) =>
          links.forEach(([index, way, to]) => write(index, way, to < 0 ? 0n : address(to))),
        );
        assert.equal(new Set(entries).size, entries.length);
        assert.ok(entries.length <= MEMBERS && !entries.includes(virtualAddress(HEAD)));
      }),
      { numRuns: 20 },
    );
  });
});
