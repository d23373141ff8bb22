import assert from 'node:assert/strict';
import { hibernation } from '../../src/image/hibernation/hibernation.js';
import { physicalAddress } from '../../src/address.js';
import { openImage } from '../../src/image/formats.js';
import { PhysicalMemory } from '../../src/memory/physical-memory.js';
import { BufferSource } from '../support/sources/buffer-source.js';
import { expectMemory } from '../support/expect/memory.js';
import { survivesCuts, survivesHostileFields } from '../support/expect/hostile-fields.js';
import { generateMemory } from '../support/generate/memory.js';
import { sampleMemory } from '../support/images/sample-memory.js';
import { hibernation7Buffer, hibernationBuffer, HIBERNATION_LAYOUTS } from '../support/write/hibernation.js';
import { rangesOfFrames } from '../support/write/runs.js';

describe('hibernation files', () => {
  const generated = sampleMemory();
  const { memory } = generated;
  const written = rangesOfFrames(memory.writtenFrames());

  for (const layout of HIBERNATION_LAYOUTS) {
    it(`reads Windows 8 and later with a header of 0x${layout.toString(16)} bytes`, async () => {
      const image = await openImage(new BufferSource(hibernationBuffer(generated, layout)));
      assert.equal(image.format, 'hibernation');
      assert.deepEqual(image.hints.systemTime, generated.truth.systemTime);
      assert.deepEqual(image.warnings, []);
      await expectMemory(image, memory, written);
    });
  }

  it('tells it by its magic in any case', async () => {
    for (const magic of ['hibr', 'WAKE', 'wake']) {
      assert.equal(
        (await openImage(new BufferSource(hibernationBuffer(generated, 0x448, magic)))).format,
        'hibernation',
      );
    }
  });

  it('reads Windows 7, 64-bit and 32-bit, with several tables', async () => {
    for (const [wide, ranges] of [
      [true, 0xfe],
      [true, 7],
      [false, 11],
    ] as const) {
      await expectMemory(
        await openImage(new BufferSource(hibernation7Buffer(generated, wide, ranges))),
        memory,
        written,
      );
    }
  });

  it('gives what a cut file still has', async () => {
    for (const file of [hibernationBuffer(generated), hibernation7Buffer(generated, true, 9)]) {
      const whole = await openImage(new BufferSource(file));
      const cut = await openImage(new BufferSource(file.subarray(0, Math.floor(file.length * 0.7))));
      assert.deepEqual(
        cut.warnings.map((warning) => warning.code),
        ['image-cut'],
      );
      assert.ok(cut.runs.byteLength < whole.runs.byteLength && cut.runs.byteLength > 0);
    }
  });

  it('refuses a header that it does not know, with nothing behind it', async () => {
    const file = hibernationBuffer(generated);
    file.writeUInt32LE(0x123, 0xc);
    file.fill(0, 0x1000);
    await assert.rejects(openImage(new BufferSource(file)), { code: 'FORMAT_REFUSED', message: /291 bytes/ });
  });

  /** With more than one set. */
  const large = generateMemory({ seed: 8, tableSlots: 1024, tagCount: 900, processors: 4, memoryBytes: 16 * 2 ** 20 });

  /** File offsets of the kernel's sets, with the frames of each. */
  function setsOf(file: Buffer): { offset: number; frames: number[]; data: number; size: number }[] {
    const sets = [];
    let left = Number(file.readBigUInt64LE(0x230));
    for (let offset = Number(file.readBigUInt64LE(0x70)) * 0x1000; left > 0;) {
      const word = file.readUInt32LE(offset);
      const frames: number[] = [];
      for (let index = 0; index < (word & 0xff); index++) {
        const descriptor = file.readBigUInt64LE(offset + 4 + index * 8);
        for (let page = 0; page <= Number(descriptor & 15n); page++) frames.push(Number(descriptor >> 4n) + page);
      }
      const data = offset + 4 + (word & 0xff) * 8;
      const size = (word >>> 8) & 0xfffff;
      sets.push({ offset, frames, data, size });
      offset = data + size;
      left -= frames.length;
    }
    return sets;
  }

  it('passes over sets whose headers are overwritten, and says where', async () => {
    const file = hibernationBuffer(large);
    const sets = setsOf(file);
    assert.ok(sets.length >= 4, `${sets.length} sets`);
    const broken = [sets[1]!];
    for (const { offset } of broken) file.fill(0xff, offset, offset + 4);
    const image = await openImage(new BufferSource(file));
    const lost = new Set(broken.flatMap(({ frames }) => frames));
    const left = large.memory.writtenFrames().filter((frame) => !lost.has(frame));
    await expectMemory(image, large.memory, rangesOfFrames(left));
    assert.equal(image.warnings.length, 1);
    assert.equal(image.warnings[0]!.code, 'image-damaged');
    assert.match(image.warnings[0]!.message, new RegExp(` at file offset 0x${broken[0]!.offset.toString(16)};`));
  });

  it('takes pages that do not unpack for missing ones', async () => {
    const file = hibernationBuffer(generated);
    const bad = setsOf(file).find(({ size, frames }) => size < frames.length * 4096)!;
    file.fill(0xff, bad.data, bad.data + bad.size);
    const image = await openImage(new BufferSource(file));
    const physical = new PhysicalMemory(image);
    for (const frame of memory.writtenFrames()) {
      const page = await physical.page(physicalAddress(frame * 4096));
      if (bad.frames.includes(frame)) assert.equal(page, null);
      else assert.ok(page?.equals(memory.page(frame)), `frame ${frame}`);
    }
    assert.match(
      image.unreadable.warnings[0]!.message,
      new RegExp(`${bad.frames.length} pages of the image cannot be read .* cannot be decompressed`),
    );
  });

  it('reads a version that nobody has seen, and says that it has not', async () => {
    const file = hibernationBuffer(generated);
    const count = file.readBigUInt64LE(0x230);
    file.writeBigUInt64LE(0n, 0x230);
    file.writeBigUInt64LE(count, 0x248);
    file.writeUInt32LE(0x4e8, 0xc);
    const image = await openImage(new BufferSource(file));
    await expectMemory(image, memory, written);
    assert.deepEqual(
      image.warnings.map(({ code }) => code),
      ['image-version-unknown'],
    );
  });

  it('finds the sets behind a header that was wiped', async () => {
    for (const [name, head] of [
      ['hiberfil.sys', Buffer.alloc(4096)],
      ['copy.bin', Buffer.from('wake'.padEnd(4096, '\0'))],
    ] as const) {
      const file = hibernationBuffer(generated);
      head.copy(file);
      const image = await openImage(new BufferSource(file, name));
      assert.equal(image.format, 'hibernation');
      await expectMemory(image, memory, written);
      assert.deepEqual(
        image.warnings.map(({ code }) => code),
        ['image-header-wiped'],
      );
    }
  });

  it('passes over the rest of a table of Windows 7 behind a damaged block', async () => {
    const file = hibernation7Buffer(generated, true, 9);
    const magic = Buffer.from('8181787072657373', 'hex');
    let at = file.indexOf(magic);
    for (let block = 0; block < 5; block++) at = file.indexOf(magic, at + 8);
    file.fill(0, at, at + 8);
    const image = await openImage(new BufferSource(file));
    assert.match(image.warnings[0]!.message, new RegExp(`no block .* at file offset 0x${at.toString(16)}; .* pages`));
    const physical = new PhysicalMemory(image);
    let read = 0;
    for (const frame of memory.writtenFrames()) {
      const page = await physical.page(physicalAddress(frame * 4096));
      if (page === null) continue;
      assert.ok(page.equals(memory.page(frame)), `frame ${frame}`);
      read++;
    }
    assert.ok(read > 80 && read < memory.writtenFrames().length);
  });

  it('survives hostile headers and cuts', async () => {
    const file = hibernationBuffer(generated);
    const boot = Number(file.readBigUInt64LE(0x68)) * 0x1000;
    const kernel = Number(file.readBigUInt64LE(0x70)) * 0x1000;
    await survivesHostileFields(hibernation, file, [
      [0xc, 4],
      [0x18, 4],
      [0x20, 8],
      [0x58, 8],
      [0x68, 8],
      [0x70, 8],
      [0x230, 8],
      [boot, 4],
      [boot + 4, 8],
      [kernel, 4],
      [kernel + 4, 8],
      [kernel + 12, 8],
    ]);
    await survivesCuts(hibernation, file, [4, 0xfff, 0x1000, boot + 2, boot + 5, boot + 100, kernel]);
    const old = hibernation7Buffer(generated);
    await survivesHostileFields(hibernation, old, [
      [0x3000, 8],
      [0x3008, 4],
      [0x3010, 8],
      [0x3018, 8],
      [0x3020, 8],
      [0x4000, 4],
      [0x4008, 4],
    ]);
    await survivesCuts(hibernation, old, [0x1000, 0x3fff, 0x4000, 0x4008, 0x4020, 0x5000]);
  });
});
