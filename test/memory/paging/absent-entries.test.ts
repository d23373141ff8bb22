import assert from 'node:assert/strict';
import { virtualAddress } from '../../../src/address.js';
import { describeMissing, isMapped, type MissingPage, type Translation } from '../../../src/memory/paging/paging.js';
import { VirtualSpace } from '../../support/generate/paging/virtual-space.js';
import { TABLE_KINDS, type TableKind } from '../../support/generate/paging/table-formats.js';

const AT = { 4: 0x80123000n, 8: 0xfffff80012345000n } as const;

/** What an entry of the last level is taken for; the tables above it are there. */
async function read(tables: TableKind, entry: bigint, build: number | null): Promise<Translation> {
  const virtual = new VirtualSpace(4 << 20, tables);
  const { space, memory } = virtual;
  const address = AT[space.pointerSize];
  space.map(address, memory.allocatePage());
  space.writeEntry(space.entryOf(address), entry);
  return (await virtual.read(build)).translate(virtualAddress(address));
}

async function missing(tables: TableKind, entry: bigint, build: number | null = null): Promise<MissingPage> {
  const found = await read(tables, entry, build);
  assert.ok(!isMapped(found), `${tables}: 0x${entry.toString(16)} maps a page`);
  return found;
}

const WIDE = TABLE_KINDS.filter((kind) => kind !== 'x86');
const OF_64_BITS = ['x64', 'x64-la57', 'arm64'] as const;

describe('page table entries that are not present', () => {
  for (const tables of TABLE_KINDS) {
    it(`${tables}: 0 is nothing, and a protection alone is a page of zeros`, async () => {
      assert.equal((await missing(tables, 0n)).reason, 'not-present');
      assert.equal((await missing(tables, 0x80n)).reason, 'demand-zero');
    });
    it(`${tables}: a page in transition is read, and one that the image lacks is told apart`, async () => {
      assert.deepEqual(await read(tables, 0x5000n | 0x880n, null), { physicalAddress: 0x5000, pageSize: 0x1000 });
      // Bit 4: nothing is hidden.
      const lost = await missing(tables, 0x7ffff000n | 0x890n);
      assert.deepEqual([lost.reason, lost.level, lost.physicalAddress], ['transition', 'page', 0x7ffff000]);
      assert.match(
        describeMissing(lost),
        /the page at physical 0x7ffff000, which is in transition, is not in the image$/,
      );
    });
    it(`${tables}: bit 10 marks a prototype, in transition or not`, async () => {
      for (const entry of [0x9000n | 0x480n, 0x9000n | 0xc80n, 0x400n])
        assert.equal((await missing(tables, entry)).reason, 'prototype');
    });
  }

  it('x86: a page file has its number in bits 1 to 4', async () => {
    const paged = await missing('x86', (0x12345n << 12n) | (3n << 1n) | 0x80n);
    assert.deepEqual([paged.reason, paged.pageFile], ['page-file', 3]);
    assert.match(
      describeMissing(paged),
      /^virtual 0x80123000 is missing: the PT entry at physical 0x\w+ tells that it is in page file 3$/,
    );
  });
  for (const tables of WIDE) {
    it(`${tables}: a page file has its number in bits 12 to 15 from 17134 on, before in bits 1 to 4`, async () => {
      const entry = (0x1234n << 32n) | (5n << 12n) | (2n << 1n) | 0x80n;
      const files = await Promise.all([17134, 16299, 7601, null].map((build) => missing(tables, entry, build)));
      assert.ok(files.every(({ reason }) => reason === 'page-file'));
      assert.deepEqual(
        files.map(({ pageFile }) => pageFile),
        [5, 2, 2, undefined],
      );
      assert.match(describeMissing(files[3]!), /tells that it is in page file$/);
    });
  }
  for (const tables of OF_64_BITS) {
    it(`${tables}: an address of a file-backed prototype is one from 22621 on`, async () => {
      // Bit 11 is set: taken for a page in transition, it would be read.
      const entry = 0xffffab4500005800n;
      const reasons = await Promise.all(
        [22621, 26100, null, 19041].map(async (build) => {
          const found = await read(tables, entry, build);
          return isMapped(found) ? 'mapped' : found.reason;
        }),
      );
      assert.deepEqual(reasons.slice(0, 3), ['file-backed', 'file-backed', 'file-backed']);
      assert.notEqual(reasons[3], 'file-backed');
    });
  }
  it('x64 and PAE: a frame hidden beyond the end of memory is told by bit 4, from 17134 on', async () => {
    for (const tables of ['x64', 'x64-la57', 'x86-pae'] as const) {
      const hidden = 0x5000n | 0x880n | (1n << 36n);
      assert.deepEqual(await read(tables, hidden, 17134), { physicalAddress: 0x5000, pageSize: 0x1000 });
      assert.equal((await missing(tables, hidden, 9600)).reason, 'transition');
      assert.equal((await missing(tables, hidden | 0x10n, 17134)).reason, 'transition');
    }
    assert.equal((await missing('arm64', 0x5000n | 0x880n | (1n << 36n), 22000)).reason, 'transition');
  });
  it('name the level and the entry where a walk ended', async () => {
    const virtual = new VirtualSpace(4 << 20, 'x86-pae');
    const { pageTable } = await virtual.read();
    const absent = (await pageTable.translate(virtualAddress(0x80000000n))) as MissingPage;
    assert.deepEqual([absent.reason, absent.level], ['not-present', 'PD']);
    const beyond = (await pageTable.translate(virtualAddress(0x180000000n))) as MissingPage;
    assert.equal(beyond.reason, 'not-canonical');
  });
});
