import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeVersionResource, readVersionResource } from '../../src/kernel/version-resource.js';
import { assertProperty } from '../support/lanes/property.js';
import { resourceSection, versionInfo } from '../support/write/driver-file.js';

const RVA = 0x2000;
const TEXTS = { CompanyName: 'Acm\u00e9 Storage GmbH', ProductName: 'Acme Filter', FileVersion: '6.1 (wrong)' };
const INFO = versionInfo({ texts: TEXTS, version: [6, 1, 11, 101] });

async function read(section: Buffer, counts = { reads: 0, bytes: 0 }) {
  return readVersionResource({ rva: RVA, size: section.length }, async (rva, length) => {
    counts.reads++;
    counts.bytes += length;
    const bytes = section.subarray(rva - RVA, rva - RVA + length);
    return rva >= RVA && bytes.length === length ? bytes : null;
  });
}

describe('a version resource', () => {
  it('gives version, vendor and product; null for what it does not say', async () => {
    assert.deepEqual(await read(resourceSection(INFO)), {
      version: '6.1.11.101',
      vendor: 'Acm\u00e9 Storage GmbH',
      product: 'Acme Filter',
      description: null,
    });
  });

  it('gives the written version where the fixed one says nothing', () => {
    assert.equal(decodeVersionResource(versionInfo({ texts: { FileVersion: ' 7.5 beta ' } }))?.version, '7.5 beta');
  });

  it('is found among other types, and in English before other languages', async () => {
    const other = versionInfo({ texts: { CompanyName: 'Autre' }, version: [1, 2, 3, 4] });
    const at = 16 + 3 * 8 + 16 + 8 + 16 + 2 * 8;
    const directory = (entries: readonly (readonly [number, number])[]): Buffer => {
      const bytes = Buffer.alloc(16 + entries.length * 8);
      bytes.writeUInt16LE(entries.length, 14);
      for (const [index, [number, offset]] of entries.entries()) {
        bytes.writeUInt32LE(number, 16 + index * 8);
        bytes.writeUInt32LE(offset, 20 + index * 8);
      }
      return bytes;
    };
    const data = (offset: number, size: number): Buffer => {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32LE(RVA + offset, 0);
      bytes.writeUInt32LE(size, 4);
      return bytes;
    };
    const section = Buffer.concat([
      directory([
        [3, 0x80000000],
        [11, 0x80000000],
        [16, 0x80000028],
      ]),
      directory([[1, 0x80000040]]),
      directory([
        [0x40c, at],
        [0x409, at + 16],
      ]),
      data(at + 32, other.length),
      data(at + 32 + other.length, INFO.length),
      other,
      INFO,
    ]);
    assert.equal((await read(section))?.version, '6.1.11.101');
  });

  it('is none where directories lead in a circle, out of the section or nowhere', async () => {
    for (const [offset, value] of [
      [20, 0x80000000],
      [44, 0x80000000],
      [68, 0x80000000],
      [20, 0x8ffffff0],
      [68, 0x7ffffff0],
      [72, 0xfffffff0],
      [16, 15],
      [12, 0],
    ] as const) {
      const section = resourceSection(INFO);
      section.writeUInt32LE(value, offset);
      const counts = { reads: 0, bytes: 0 };
      const found = await read(section, counts);
      assert.ok(found === null || offset === 12, `${offset}: ${JSON.stringify(found)}`);
      assert.ok(counts.reads <= 8 && counts.bytes < 1 << 17, `${counts.reads} reads, ${counts.bytes} bytes`);
    }
  });

  it('ends whatever its bytes are', () =>
    assertProperty(
      fc.property(
        fc.array(fc.tuple(fc.nat(INFO.length - 1), fc.nat(255)), { maxLength: 12 }),
        fc.nat(INFO.length),
        (changes, length) => {
          const bytes = Buffer.from(INFO);
          for (const [at, value] of changes) bytes[at] = value;
          const found = decodeVersionResource(bytes.subarray(0, length));
          for (const text of Object.values(found ?? {})) assert.ok(text === null || text.length <= 256);
        },
      ),
    ));
});
