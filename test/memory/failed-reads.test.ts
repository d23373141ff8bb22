import assert from 'node:assert/strict';
import { PoolTrackerError } from '../../src/errors.js';
import { openImage } from '../../src/image/formats.js';
import { findDebuggerDataBlock } from '../../src/kernel/symbols/debugger-data-block.js';
import { findKernels } from '../../src/kernel/root/root.js';
import type { KernelImage } from '../../src/kernel/root/kernel-image.js';
import { writableSections } from '../../src/kernel/root/kernel-data.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { VirtualMemory } from '../../src/memory/virtual-memory.js';
import { generateMemory } from '../support/generate/memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { kdumpBuffer } from '../support/write/kdump.js';
import { rawBuffer } from '../support/write/raw.js';

/** A server that is gone for a while: every read fails until it is back. */
class FlakySource extends BufferSource {
  isGone = false;

  override read(target: Uint8Array, offset: number): Promise<number> {
    if (this.isGone) return Promise.reject(new PoolTrackerError('SOURCE_UNREADABLE', 'the server is gone'));
    return super.read(target, offset);
  }
}

describe('a read that failed', () => {
  const generated = generateMemory({ seed: 3, tableSlots: 256, tagCount: 60, kdbg: 'plain' });

  for (const [container, bytes] of [
    ['raw', rawBuffer(generated)],
    ['in decompressed chunks', kdumpBuffer(generated)],
  ] as const)
    it(`is not the answer for ever: ${container}`, async () => {
      const source = new FlakySource(bytes);
      const image = await openImage(source);
      const found = await findKernels(new PhysicalMemory(image));
      assert.ok(!('error' in found));
      const kernel = found.found[0]!;
      const { root, paging } = kernel.memory.pageTable;
      const located = await kernel.memory.translate(kernel.image.base);
      assert.ok('physicalAddress' in located && located.physicalAddress !== null);
      const { physicalAddress } = located;
      /** Memory and chunks that nothing was read of yet. */
      const fresh = async (): Promise<{ memory: VirtualMemory; image: KernelImage }> => {
        const memory = VirtualMemory.through(new PhysicalMemory(await openImage(source)), root, paging);
        return { memory, image: { ...kernel.image } };
      };
      const [one, two, three] = [await fresh(), await fresh(), await fresh()];
      const questions = [
        () => one.memory.physical.page(physicalAddress!),
        () => writableSections(two as never),
        () => findDebuggerDataBlock(three.memory, three.image, null),
      ];
      for (const question of questions) {
        source.isGone = true;
        await assert.rejects(question(), /the server is gone/);
        source.isGone = false;
        const answer = await question();
        assert.ok(answer !== null && typeof answer === 'object');
      }
    });
});
