import assert from 'node:assert/strict';
import { openImage } from '../../src/image/formats.js';
import { findKernel } from '../../src/kernel/root/root.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { fileTime, kuserSharedData } from '../support/generate/kernel/kuser-shared-data.js';
import { MACHINES } from '../support/generate/kernel/machine.js';
import { TABLE_KINDS } from '../support/generate/paging/table-formats.js';
import { pagingOf, VirtualSpace } from '../support/generate/paging/virtual-space.js';
import { BufferSource } from '../support/sources/buffer-source.js';

const MIB = 2 ** 20;

describe('hostile page table roots', () => {
  for (const kind of TABLE_KINDS) {
    it(`that map everything onto one table do not keep the search going: ${kind}`, async () => {
      const { space, memory } = new VirtualSpace(2 * MIB, kind);
      const { sharedData } = MACHINES[kind];
      space.mapFresh(sharedData, 0x1000);
      space.write(
        sharedData,
        kuserSharedData({
          systemTime: fileTime(new Date('2024-09-01T12:00:00Z')),
          upTime: 1n,
          major: 10,
          minor: 0,
          build: 19041,
          processors: 2,
        }),
      );
      const { entrySize, table } = space.format;
      const loop = memory.allocatePage();
      for (let at = loop; at < loop + 0x1000; at += entrySize) space.writeEntry(at, table(loop));
      const fill = (at: number, entries: number): void => {
        for (let entry = at; entry < at + entries * entrySize; entry += entrySize)
          if (memory.read(entry, entrySize).every((byte) => byte === 0)) space.writeEntry(entry, table(loop));
      };
      // The table with both KUSER_SHARED_DATA and kernel images below it.
      if (kind === 'x64-la57') fill(Number(memory.readU64(space.root + 0x1ff * 8) & space.format.frame), 0x200);
      else if (kind === 'x86-pae') fill(Number(memory.readU64(space.root + 2 * 8) & space.format.frame), 0x200);
      else fill(space.root, 0x1000 / entrySize);
      const bytes = Buffer.alloc(memory.byteLength);
      for (const [frame, page] of memory.pages) bytes.set(page, frame * 0x1000);
      const source = new BufferSource(bytes);
      const image = new PhysicalMemory(await openImage(source, 'raw'));
      const found = await findKernel(image, { architecture: pagingOf(kind).name });
      assert.ok('error' in found && found.error.code === 'NO_KERNEL');
      assert.ok(found.rejected.some(({ reason }) => reason === 'no kernel image is mapped'));
      assert.ok(source.reads <= 2 ** 22 + 2 ** 16, `${source.reads} reads`);
    });
  }
});
