import assert from 'node:assert/strict';
import { virtualAddress } from '../../../src/address.js';
import { isMapped } from '../../../src/memory/paging/paging.js';
import { VirtualSpace } from '../../support/generate/paging/virtual-space.js';

const AT = 0xfffff80012345000n;
const VALID_TABLE = 0x0060000000000703n;

describe('ARM64 page tables', () => {
  it('map a page whatever its permissions, access flag and contiguity', async () => {
    for (const flags of [0x3n, 0x703n, 0x00e0000000000703n, 0x0010000000000783n, 0xf860000000000403n]) {
      const virtual = new VirtualSpace(4 << 20, 'arm64');
      virtual.space.map(AT, 0x200000);
      virtual.space.writeEntry(virtual.space.entryOf(AT), 0x200000n | flags);
      const read = await virtual.read();
      assert.deepEqual(await read.translate(virtualAddress(AT + 5n)), { physicalAddress: 0x200005, pageSize: 0x1000 });
    }
  });

  it('take no block on the first level, and no entry of the last level without bit 1', async () => {
    const virtual = new VirtualSpace(4 << 20, 'arm64');
    const { space } = virtual;
    space.map(AT, 0x200000);
    space.writeEntry(space.entryOf(AT), 0x200000n | 0x701n);
    space.writeEntry(space.root + 0x1a0 * 8, 0x200000n | 0x701n);
    const read = await virtual.read();
    for (const [address, level] of [
      [AT, 'L3'],
      [0xffffd00000000000n, 'L0'],
    ] as const) {
      const found = await read.translate(virtualAddress(address));
      assert.ok(!isMapped(found));
      assert.deepEqual([found.reason, found.level], ['not-present', level]);
    }
  });

  it('tell where memory begins by the address that a root names itself by', async () => {
    const base = 0x80000000;
    const virtual = new VirtualSpace(4 << 20, 'arm64');
    const { paging } = (await virtual.read()).pageTable;
    const words = new BigUint64Array(512);
    words[0x1c5] = BigInt(base + 0x1a1000) | VALID_TABLE;
    words[0x1f0] = BigInt(base + 0x305000) | VALID_TABLE;
    const page = { words: new Uint32Array(words.buffer), first: 0, address: 0x1a1000 };
    assert.deepEqual(paging.rootsOn(page), []);
    assert.deepEqual(paging.ownAddresses!(page), [base + 0x1a1000], 'RAM begins at a multiple of 2 MiB');
  });
});
