import assert from 'node:assert/strict';
import { openImage } from '../../../src/image/formats.js';
import { vmwareSnapshot } from '../../../src/image/vmware/vmware.js';
import { BufferSource } from '../../support/sources/buffer-source.js';
import { expectMemory } from '../../support/expect/memory.js';
import { survivesCuts, survivesHostileFields, type Field } from '../../support/expect/hostile-fields.js';
import { sampleMemory } from '../../support/images/sample-memory.js';
import { vmwareStateBuffer } from '../../support/write/vmware.js';

describe('VMware snapshots with memory inside', () => {
  const generated = sampleMemory();

  for (const version of [0, 2] as const) {
    it(`reads version ${version}`, async () => {
      const image = await openImage(new BufferSource(vmwareStateBuffer(generated, { version, inside: true })));
      assert.equal(image.format, 'vmware-snapshot');
      assert.deepEqual(
        image.hints.pageTableRoots?.map(({ address }) => address),
        [generated.truth.dtb],
      );
      await expectMemory(image, generated.memory, generated.memory.ranges);
    });
  }

  it('finds the page table root however control registers are written', async () => {
    for (const registers of ['CR64', 'CR', 'array'] as const) {
      const image = await openImage(new BufferSource(vmwareStateBuffer(generated, { registers, inside: true })));
      assert.deepEqual(
        image.hints.pageTableRoots?.map(({ address }) => address),
        [generated.truth.dtb],
      );
    }
  });

  it('refuses compressed memory by name', async () => {
    const file = vmwareStateBuffer(generated, { inside: true, unpackedSize: 2 ** 32 });
    await assert.rejects(openImage(new BufferSource(file)), { code: 'FORMAT_REFUSED', message: /is compressed$/ });
  });

  it('says where memory is when it is not inside', async () => {
    const file = vmwareStateBuffer(generated);
    await assert.rejects(openImage(new BufferSource(file)), { code: 'FORMAT_REFUSED', hint: /\.vmem/ });
  });

  it('survives hostile headers and cuts', async () => {
    const file = vmwareStateBuffer(generated, { inside: true });
    const tags = Number(file.readBigUInt64LE(12 + 80 + 64));
    const every: Field[] = Array.from({ length: 240 }, (_, at) => [tags + at, 1]);
    await survivesHostileFields(vmwareSnapshot, file, [[8, 4], [12 + 64, 8], [12 + 80 + 64, 8], ...every]);
    await survivesCuts(vmwareSnapshot, file, [12, 100, tags, tags + 1, tags + 20, tags + 200, 0x10000]);
  });
});
