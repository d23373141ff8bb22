import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import { xenCore } from '../../../src/image/elf/xen-core.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { xenCoreBuffer } from '../../support/write/elf/xen-core.js';

describe('Xen cores', () => {
  const generated = sampleMemory();

  for (const list of ['.xen_pfn', '.xen_p2m'] as const) {
    it(`reads pages listed by ${list}, a hole among them`, async () => {
      const image = await openImage(new BufferSource(xenCoreBuffer(generated, list)));
      assert.equal(image.format, 'xen-core');
      await expectMemory(image, generated.memory, generated.memory.ranges);
    });
  }

  it('survives hostile headers and cuts', async () => {
    const file = xenCoreBuffer(generated);
    const section = (index: number, field: number): number => 64 + index * 64 + field;
    const list = Number(file.readBigUInt64LE(section(2, 24)));
    await survivesHostileFields(xenCore, file, [
      [0x28, 8],
      [0x3a, 2],
      [0x3c, 2],
      [0x3e, 2],
      [section(1, 24), 8],
      [section(1, 32), 8],
      [section(2, 0), 4],
      [section(2, 24), 8],
      [section(2, 32), 8],
      [section(3, 24), 8],
      [list, 8],
      [list + 8, 8],
    ]);
    await survivesCuts(xenCore, file, [64, 100, 300, 400, list + 5, 0x10000]);
  });
});
