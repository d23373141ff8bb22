import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeSharedData } from '../../src/kernel/root/kuser-shared-data.js';
import { fileTime, kuserSharedData } from '../support/generate/kernel/kuser-shared-data.js';
import { assertProperty } from '../support/lanes/property.js';

const NOW = new Date('2024-09-01T12:00:00.000Z');

function page(change: (bytes: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.alloc(4096);
  kuserSharedData({
    systemTime: fileTime(NOW),
    upTime: 1n,
    major: 10,
    minor: 0,
    build: 19041,
    processors: 4,
    physicalPages: 16383,
  }).copy(bytes);
  change(bytes);
  return bytes;
}

describe('KUSER_SHARED_DATA', () => {
  it('tells time, version and processors', () => {
    assert.deepEqual(decodeSharedData(page()), {
      systemTime: NOW,
      majorVersion: 10,
      minorVersion: 0,
      build: 19041,
      activeProcessors: 4,
      physicalPages: 16383,
    });
  });
  for (const [what, offset, value] of [
    ['a time whose halves disagree', 0x1c, 5],
    ['a version that never was', 0x26c, 7],
    ['another minor version', 0x270, 9],
    ['no system root', 0x30, 0],
  ] as const) {
    it(`is refused with ${what}`, () =>
      assert.equal(typeof decodeSharedData(page((bytes) => bytes.writeUInt32LE(value, offset))), 'string'));
  }
  it('is refused with a time that no clock shows', () =>
    assert.equal(
      typeof decodeSharedData(
        page((bytes) => {
          bytes.writeUInt32LE(0, 0x18);
          bytes.writeUInt32LE(0, 0x1c);
        }),
      ),
      'string',
    ));
  it('never throws', () =>
    assertProperty(
      fc.property(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), (bytes) => {
        decodeSharedData(Buffer.from(bytes));
      }),
      { numRuns: 30 },
    ));
});
