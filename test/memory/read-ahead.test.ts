import assert from 'node:assert/strict';
import { physicalAddress, virtualAddress } from '../../src/address.js';
import { openImage } from '../../src/image/formats.js';
import { PAGINGS } from '../../src/memory/paging/paging.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { fetchedAhead, pagesIn, ReadAhead } from '../../src/memory/read-ahead.js';
import { MAX_PAGES_AHEAD, VirtualMemory } from '../../src/memory/virtual-memory.js';
import { generateMemory } from '../support/generate/memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { FarSource } from '../support/sources/far-source.js';
import { rawBuffer } from '../support/write/raw.js';

const PAGE = 4096;
const MIB = 1 << 20;
const X64 = PAGINGS.find(({ name }) => name === 'x64')!;

describe('reading ahead', () => {
  const generated = generateMemory({ processors: 6, tableSlots: 1024, memoryBytes: 64 * MIB });
  const content = rawBuffer(generated);
  const stretches = generated.truth.tables.map(({ address, pages }) => ({
    address: virtualAddress(address),
    length: pages.length * PAGE,
  }));
  const count = stretches.reduce((sum, stretch) => sum + pagesIn(stretch), 0);

  async function openFar(): Promise<{ far: FarSource; memory: VirtualMemory }> {
    const far = new FarSource(new BufferSource(content, 'far.raw'), content.subarray(0, 1 << 16));
    const physical = new PhysicalMemory(await openImage(far.source, 'raw'));
    return { far, memory: VirtualMemory.through(physical, physicalAddress(generated.truth.dtb), X64) };
  }

  it('follows the page tables of all stretches side by side, and then reads without requests', async () => {
    const { far, memory } = await openFar();
    await new ReadAhead(memory, stretches).before(0);
    // Four levels of tables, and the pages, eight at a time.
    assert.ok(far.rounds <= 6 + Math.ceil(count / 8), `${far.rounds} rounds`);
    const asked = far.requests.length;
    for (const { address, length } of stretches) assert.notEqual(await memory.readWhole(address, length), null);
    assert.equal(far.requests.length, asked);
  });

  it('goes on from any page, and is asked a few times only', async () => {
    const { far, memory } = await openFar();
    const ahead = new ReadAhead(memory, stretches);
    const last = stretches.at(-1)!;
    await ahead.before(count - pagesIn(last));
    const asked = far.requests.length;
    assert.notEqual(await memory.readWhole(last.address, last.length), null);
    assert.equal(far.requests.length, asked);
    await ahead.before(count - 1);
    assert.equal(far.requests.length, asked);
    assert.equal(await memory.readWhole(stretches[0]!.address, PAGE).then((bytes) => bytes?.length), PAGE);
    assert.ok(far.requests.length > asked, 'what lies before was not fetched');
  });

  it('is ahead of every page of long stretches, a few hundred pages at a time', async () => {
    const { memory } = await openFar();
    const long = [700, 1, 2000, 1500].map((pages, index) => ({
      address: virtualAddress(0xffff_8000_0000_0800n + BigInt(index) * 0x1_0000_0000n),
      length: (pages - 1) * PAGE + 1,
    }));
    let calls = 0;
    const fetched = new Set<bigint>();
    memory.prefetch = (wanted) => {
      calls++;
      const addresses = wanted.flatMap(({ address, length }) =>
        Array.from({ length: pagesIn({ address, length }) }, (_, page) => (address >> 12n) + BigInt(page)),
      );
      for (const address of addresses.slice(0, MAX_PAGES_AHEAD)) fetched.add(address);
      return Promise.resolve();
    };
    const ahead = new ReadAhead(memory, long);
    let before = 0;
    for (const stretch of long) {
      for (let page = 0; page < pagesIn(stretch); page++) {
        await ahead.before(before + page);
        assert.ok(fetched.has((stretch.address >> 12n) + BigInt(page)), `page ${before + page}`);
      }
      before += pagesIn(stretch);
    }
    assert.equal(calls, Math.ceil(before / 256));
  });

  it('is bounded, whatever the length of what is named', async () => {
    const { far, memory } = await openFar();
    let translated = 0;
    const translate = memory.pageTable.translate.bind(memory.pageTable);
    memory.pageTable.translate = (address) => (translated++, translate(address));
    await memory.prefetch([{ address: virtualAddress(0xffff_8000_0000_0000n), length: 2 ** 46 }]);
    await memory.prefetch(Array.from({ length: 10_000 }, () => stretches[0]!));
    assert.equal(translated, 2 * MAX_PAGES_AHEAD);
    await memory.physical.prefetch(
      Array.from({ length: 100_000 }, (_, index) => ({ address: physicalAddress(index * PAGE), length: 2 ** 50 })),
    );
    assert.ok(far.bytes <= 16 * MIB, `${far.bytes} bytes`);
  });

  it('fetches nothing, and follows no page table, where the image is at hand', async () => {
    const base = new BufferSource(content, 'near.raw');
    const physical = new PhysicalMemory(await openImage(base, 'raw'));
    const memory = VirtualMemory.through(physical, physicalAddress(generated.truth.dtb), X64);
    const { reads } = base;
    await new ReadAhead(memory, stretches).before(0);
    await memory.prefetch(stretches);
    const taken: number[] = [];
    const items = (function* (): Generator<number> {
      for (let item = 0; ; item++) {
        taken.push(item);
        yield item;
      }
    })();
    for await (const item of fetchedAhead(memory, items, () => stretches)) if (item === 3) break;
    assert.deepEqual(taken, [0, 1, 2, 3], 'nothing is taken before it is looked at');
    assert.equal(base.reads, reads);
  });

  it('fetches for a search what it looks at next, and more the longer it lasts', async () => {
    const windows: number[] = [];
    const memory = {
      isRemote: true,
      prefetch: (window: readonly number[]) => (windows.push(window.length), Promise.resolve()),
    };
    const seen: number[] = [];
    const items = Array.from({ length: 200 }, (_, index) => index);
    for await (const item of fetchedAhead(memory, items, (one) => [one])) seen.push(item);
    assert.deepEqual(seen, items);
    assert.deepEqual(windows, [8, 16, 32, 64, 64, 16]);
    windows.length = 0;
    for await (const item of fetchedAhead(memory, items, (one) => [one])) if (item === 5) break;
    assert.deepEqual(windows, [8]);
  });
});
