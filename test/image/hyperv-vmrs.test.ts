import assert from 'node:assert/strict';
import { hypervVmrs } from '../../src/image/hyper-v/vmrs.js';
import { openImage } from '../../src/image/formats.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectMemory } from '../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { vmrsBuffer } from '../support/write/vmrs.js';

describe('Hyper-V saved states', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const file = vmrsBuffer(generated);
  const objectCount = file.readUInt32LE(0x2004);
  const objects = Array.from({ length: objectCount }, (_, index) => 0x2008 + index * 18);
  const keyTable = Number(file.readBigUInt64LE(objects.find((at) => file[at] === 2)! + 5));

  it('reads blocks of every kind of token, where the memory blocks put them', async () => {
    const image = await openImage(new BufferSource(file));
    assert.equal(image.format, 'hyperv-vmrs');
    await expectMemory(image, memory, memory.ranges);
  });

  it('takes blocks to follow each other from 0 when nothing tells otherwise', async () => {
    const image = await openImage(new BufferSource(vmrsBuffer(generated, { memoryBlocks: false })));
    assert.equal(image.runs.count, 1);
    assert.equal(image.runs.at(0)?.start, 0);
  });

  it('refuses a file without memory', async () => {
    const settings = Buffer.from(file);
    for (const at of objects) if (settings[at] === 2) settings[at] = 4;
    await assert.rejects(openImage(new BufferSource(settings)), { code: 'FORMAT_REFUSED', message: /no memory/ });
  });

  it('survives hostile headers, cuts and object tables in a circle', async () => {
    const entry = keyTable + 10;
    const second = entry + file.readUInt32LE(entry + 2);
    await survivesHostileFields(hypervVmrs, file, [
      [0x2000, 4],
      [0x2004, 4],
      [objects[0]!, 1],
      [objects[0]! + 5, 8],
      [objects.at(-1)! + 5, 8],
      [objects.at(-1)! + 13, 4],
      [keyTable, 2],
      [keyTable + 2, 2],
      [keyTable + 4, 2],
      [entry, 2],
      [entry + 2, 4],
      [entry + 20, 1],
      [second + 2, 4],
      [second + 20, 1],
      [second + 31, 4],
      [second + 35, 8],
    ]);
    await survivesCuts(hypervVmrs, file, [0x1004, 0x2000, 0x2007, 0x2100, 0xa000, keyTable, keyTable + 20]);
    const circle = Buffer.from(file);
    circle[objects[0]!] = 1;
    circle.writeBigUInt64LE(0x2000n, objects[0]! + 5);
    await expectMemory(await hypervVmrs.open(new BufferSource(circle)), memory, memory.ranges);
  });
});
