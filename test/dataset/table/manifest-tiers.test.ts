import assert from 'node:assert/strict';
import type { ManifestFile } from '../../../src/dataset/table/iceberg/manifest.js';
import { mergedWith } from '../../../src/dataset/table/iceberg/manifest-tiers.js';
import { dayOf, singleValue } from '../../../src/dataset/table/iceberg/single-value.js';

const manifest = (files: number): ManifestFile =>
  ({ added_files_count: files, existing_files_count: 0 }) as unknown as ManifestFile;

describe('manifests of an Iceberg table', () => {
  it('are merged so that there are few, and each file is written again a few times only', () => {
    let all: ManifestFile[] = [];
    let [most, written] = [0, 0];
    const commits = 2000;
    const filesEach = 64;
    for (let commit = 0; commit < commits; commit++) {
      const merged = mergedWith(all, filesEach);
      const files = merged.reduce((sum, one) => sum + one.added_files_count, filesEach);
      written += files;
      all = [...all.filter((one) => !merged.includes(one)), manifest(files)];
      most = Math.max(most, all.length);
    }
    assert.equal(
      all.reduce((sum, one) => sum + one.added_files_count, 0),
      commits * filesEach,
    );
    assert.ok(most <= 60, `${most} manifests`);
    assert.ok(written <= 5 * commits * filesEach, `each file written ${written / commits / filesEach} times`);
  });

  it('have bounds in the binary form of the format', () => {
    const hex = (...value: Parameters<typeof singleValue>): string => singleValue(...value).toString('hex');
    assert.equal(hex('é', 'string'), 'c3a9');
    assert.equal(hex(-2, 'int'), 'feffffff');
    assert.equal(hex(2 ** 32 - 1, 'long'), 'ffffffff00000000');
    assert.equal(hex(-(2n ** 63n), 'long'), '0000000000000080');
    assert.equal(hex(1.5, 'double'), '000000000000f83f');
    assert.equal(hex(Date.parse('1969-12-31T23:59:59.999Z'), 'timestamptz'), '18fcffffffffffff');
    assert.equal(hex(dayOf('1970-01-02')!, 'date'), '01000000');
    assert.deepEqual(['2024-02-30x', '0x1', ''].map(dayOf), [null, null, null]);
  });
});
