import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodePeHeader } from '../../src/kernel/pe.js';
import { realBuild } from '../support/generate/kernel/kernel-builds.js';
import { kernelImage } from '../support/generate/kernel/kernel-image-writer.js';
import { assertProperty } from '../support/lanes/property.js';

const IMAGE = kernelImage(realBuild(56), 0xfffff80000000000n);

function headerPage(): Buffer {
  const page = Buffer.alloc(4096);
  IMAGE.parts.find(({ rva }) => rva === 0)!.bytes.copy(page);
  return page;
}

describe('a PE header', () => {
  it('gives size, sections and the debug directory', () => {
    const header = decodePeHeader(headerPage())!;
    assert.equal(header.imageSize, IMAGE.size);
    assert.deepEqual(
      header.sections.map(({ name, rva, size }) => ({ name, rva, size })),
      IMAGE.sections.map(({ name, rva, size }) => ({ name, rva, size })),
    );
    assert.deepEqual(
      header.sections.filter(({ writable }) => writable).map(({ name }) => name),
      IMAGE.sections.filter(({ characteristics }) => characteristics & 0x80000000).map(({ name }) => name),
    );
    assert.equal(header.debugDirectory?.size, 28);
  });
  it('is refused when it is none', () => {
    assert.equal(decodePeHeader(Buffer.alloc(4096)), null);
    assert.equal(decodePeHeader(Buffer.from('MZ')), null);
  });
  it('never throws, whatever its fields say', () =>
    assertProperty(
      fc.property(
        fc.uint8Array({ minLength: 4096, maxLength: 4096 }),
        fc.integer({ min: 0x40, max: 0x400 }),
        fc.nat(0xffff),
        fc.nat(0xffff),
        (bytes, pe, sections, optionalSize) => {
          const page = Buffer.from(bytes);
          page.writeUInt16LE(0x5a4d, 0);
          page.writeUInt32LE(pe, 0x3c);
          page.writeUInt32LE(0x4550, pe);
          page.writeUInt16LE(0x8664, pe + 4);
          page.writeUInt16LE(sections, pe + 6);
          page.writeUInt16LE(optionalSize, pe + 20);
          page.writeUInt16LE(0x20b, pe + 24);
          const header = decodePeHeader(page);
          assert.ok(header !== null);
          for (const { rva, size } of header.sections) assert.ok(rva + size <= header.imageSize);
        },
      ),
    ));
});
