import assert from 'node:assert/strict';
import { hypervVmrs } from '../../src/image/hyper-v/vmrs.js';
import { openImage } from '../../src/image/formats.js';
import { readBytes } from '../../src/source/source.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { FailingSource } from '../support/sources/failing-source.js';
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
    assert.deepEqual(image.warnings, []);
    await expectMemory(image, memory, memory.ranges);
  });

  it('takes blocks to follow each other from 0 when nothing tells otherwise', async () => {
    const image = await openImage(new BufferSource(vmrsBuffer(generated, { memoryBlocks: false })));
    assert.equal(image.runs.count, 1);
    assert.equal(image.runs.at(0)?.start, 0);
  });

  it('says that memory is cut off where nothing but the blocks tells how much there was', async () => {
    for (const memoryBlocks of [false, true]) {
      const cut = vmrsBuffer(generated, { memoryBlocks });
      const blocks = Math.ceil([...memory.ranges].reduce((sum, [start, end]) => sum + end - start, 0) / 0x100000);
      // The tables stand behind the blocks: what is cut off is put where nothing is.
      for (const number of [blocks - 1, blocks - 2]) {
        const name = `RamBlock${number}`;
        cut.writeBigUInt64LE(
          2n ** 40n,
          cut.indexOf(`${String.fromCharCode(name.length + 1)}${name}\0`) + name.length + 6,
        );
      }
      const { warnings } = await openImage(new BufferSource(cut));
      const told = warnings.filter(({ code }) => code === 'image-cut');
      assert.equal(told.length, 1, JSON.stringify(warnings));
      assert.match(told[0]!.message, /^the image is cut short: \d+ of \d+ bytes of memory are behind its end$/);
    }
  });

  it('says which range of memory has no key that places it', async () => {
    const image = await openImage(new BufferSource(vmrsBuffer(generated, { withoutMemoryBlocks: [1] })));
    const [first, , ...others] = memory.ranges;
    await expectMemory(image, memory, [first!, ...others]);
    assert.deepEqual(image.warnings, [
      {
        code: 'image-damaged',
        message: 'it has no key RamMemoryBlock1, but later ones: the memory that it places is missing',
      },
    ]);
  });

  it('says it in one line of many', async () => {
    const ranges = [...memory.ranges].length;
    assert.ok(ranges > 2, `${ranges} ranges`);
    const withoutMemoryBlocks = Array.from({ length: ranges - 1 }, (_, index) => index);
    const { warnings } = await openImage(new BufferSource(vmrsBuffer(generated, { withoutMemoryBlocks })));
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [`it has no key RamMemoryBlock0 and ${ranges - 2} more, but later ones: the memory that it places is missing`],
    );
  });

  it('does without the state of the processors where that cannot be read', async () => {
    const state = file.indexOf(Buffer.from('7564545000000000', 'hex'));
    const source = new FailingSource(file, 'memory.vmrs', [[state, state + 1]]);
    const image = await openImage(source);
    assert.equal(image.hints.pageTableRoots, undefined);
    await expectMemory(image, memory, memory.ranges);
  });

  it("takes each processor's page table root for a hint, at the level of trust that Windows runs at", async () => {
    for (const [architecture, register] of [
      ['x64', 'CR3'],
      ['arm64', 'TTBR1'],
    ] as const) {
      const image = await openImage(new BufferSource(vmrsBuffer(generated, { architecture })));
      assert.deepEqual(image.hints.pageTableRoots, [
        { address: generated.truth.dtb, from: `${register} of processor 0 in the Hyper-V state` },
        { address: generated.truth.dtb + 0x1000, from: `${register} of processor 1 in the Hyper-V state` },
      ]);
    }
  });

  it('says that checksums are wrong, that neither header is intact, that changes were not made', async () => {
    const warningsOf = async (changes: readonly number[], from = file): Promise<readonly string[]> => {
      const changed = Buffer.from(from);
      for (const at of changes) changed[at]! ^= 1;
      const image = await openImage(new BufferSource(changed));
      await expectMemory(image, memory, memory.ranges);
      return image.warnings.map(({ code, message }) => `${code}: ${message}`);
    };
    assert.deepEqual(await warningsOf([0x1010]), []);
    assert.deepEqual(await warningsOf([0x10, 0x1010]), [
      'image-damaged: neither of its two headers is intact; its tables are read',
      'image-doubtful: neither of its two headers is intact; its tables are read; any block of memory may be another',
    ]);
    const entry = keyTable + 10;
    const second = entry + file.readUInt32LE(entry + 2);
    const wrong = await warningsOf([objects[3]! + 17, keyTable + 6, second + 8]);
    assert.equal(wrong.length, 2);
    assert.match(wrong[0]!, /^image-damaged: 3 checksums .* that of an object at file offset 0x[0-9a-f]+: /);
    assert.deepEqual(await warningsOf([], vmrsBuffer(generated, { replays: 3 })), [
      'image-damaged: its replay log holds 3 changes that were not made: it is read as it was before them',
      'image-doubtful: its replay log holds 3 changes that were not made: it is read as it was before them; any block of memory may be another',
    ]);
    const old = Buffer.from(file);
    for (const at of [0, 0x1000]) {
      old.writeUInt32LE(0x300, at + 10);
      old.writeUInt32LE(0, at + 4);
    }
    assert.deepEqual(await warningsOf([objects[3]! + 17], old), [], 'they were computed otherwise before 3.1');
  });

  it('counts blocks that do not unpack, or are not there, as missing, and reads the others', async () => {
    const damaged = Buffer.from(file);
    const block = (name: string): number => damaged.indexOf(`\x0a${name}\0`) + name.length + 2;
    const [packed, absent] = [block('RamBlock3'), block('RamBlock6')];
    const value = Number(damaged.readBigUInt64LE(packed + 4));
    damaged.writeUInt32LE(0xffff, value);
    damaged.writeBigUInt64LE(2n ** 40n, absent + 4);
    const image = await openImage(new BufferSource(damaged));
    const lost = new Set<number>();
    for (const { start, length, offset } of image.runs) {
      for (let at = 0; at < length; at += 0x1000) {
        const page = await readBytes(image.source, offset + at, 0x1000).catch((error: unknown) => error as Error);
        if (page instanceof Error) lost.add((offset + at) >> 20);
        else assert.ok(page.equals(memory.read(start + at, 0x1000)));
      }
    }
    assert.deepEqual([...lost], [3, 6]);
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
    const state = file.indexOf(Buffer.from('7564545000000000', 'hex')) - 56;
    await survivesHostileFields(hypervVmrs, file, [
      [0x1a, 8],
      [0x101a, 8],
      [0x9008, 4],
      [state + 8, 8],
      [state + 44, 4],
      [state + 64, 4],
      [state + 40 + 4080 + 4, 4],
    ]);
    const circle = Buffer.from(file);
    circle[objects[0]!] = 1;
    circle.writeBigUInt64LE(0x2000n, objects[0]! + 5);
    await expectMemory(await hypervVmrs.open(new BufferSource(circle)), memory, memory.ranges);
  });
});
