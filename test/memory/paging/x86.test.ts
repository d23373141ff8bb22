import assert from 'node:assert/strict';
import { virtualAddress } from '../../../src/address.js';
import { VirtualSpace } from '../../support/generate/paging/virtual-space.js';

describe('x86 page tables', () => {
  it('map 4 MiB pages beyond 4 GiB by bits 13 to 20 (PSE-36)', async () => {
    const virtual = new VirtualSpace(4 << 20, 'x86');
    virtual.space.map(0x90000000n, 0x12_3440_0000, 'large');
    const { pageTable } = await virtual.read();
    assert.deepEqual(await pageTable.translate(virtualAddress(0x90012345n)), {
      virtualAddress: 0x90012345n,
      reason: 'not-in-image',
      level: 'page',
      physicalAddress: 0x12_3441_2000,
    });
  });

  it('lie at 0xC0000000 in the space that they map, with PAE and without', async () => {
    for (const [kind, directories] of [
      ['x86', 0xc0300000n],
      ['x86-pae', 0xc0600000n],
    ] as const) {
      const virtual = new VirtualSpace(4 << 20, kind);
      const { space, memory } = virtual;
      space.map(0x80123000n, memory.allocatePage());
      const read = await virtual.read();
      const entry = 0xc0000000n + (0x80123n << (kind === 'x86' ? 2n : 3n));
      const found = await read.translate(virtualAddress(entry));
      assert.ok('pageSize' in found);
      assert.equal(found.physicalAddress, space.entryOf(0x80123000n));
      const directory = await read.translate(virtualAddress(directories));
      assert.ok('pageSize' in directory);
      if (kind === 'x86') assert.equal(directory.physicalAddress, space.root);
      else assert.equal(directory.physicalAddress, Number(memory.readU64(space.root) & 0xffffff000n));
    }
  });

  it('have the kernel in the upper half of 32 bits', async () => {
    for (const kind of ['x86', 'x86-pae'] as const) {
      const { pageTable } = await new VirtualSpace(4 << 20, kind).read();
      assert.deepEqual(
        [0x7fffffffn, 0x80000000n, 0xffffffffn, 0x180000000n, 0xffffffff80000000n].map((address) =>
          pageTable.isKernelAddress(address),
        ),
        [false, true, true, false, false],
      );
    }
  });

  it('with PAE are recognised by a root anywhere on a page, but not by four equal or absent entries', async () => {
    const virtual = new VirtualSpace(4 << 20, 'x86-pae');
    const { rootsOn } = (await virtual.read()).pageTable.paging;
    const page = new BigUint64Array(512);
    const rootsWith = (at: number, entries: readonly bigint[]): readonly number[] => {
      page.fill(0n);
      page.set(entries, at / 8);
      return rootsOn({ words: new Uint32Array(page.buffer), first: 0, address: 0x5000 });
    };
    const root = [0x1001n, 0x5001n, 0x3001n, 0x4001n];
    assert.deepEqual(rootsWith(0xfe0, root), [0xfe0]);
    assert.deepEqual(rootsWith(0x20, [...root, ...root]), [0x20, 0x40]);
    assert.deepEqual(rootsWith(0x18, root), []);
    for (const other of [0n, 0x1001n, 0x4003n, 0x4000n, 1n, 0x4101n, 0x100_0000_4001n])
      assert.deepEqual(rootsWith(0, [root[0]!, root[1]!, root[2]!, other]), []);
  });
});
