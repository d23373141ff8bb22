import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { checkPartitionKeys, escapeValue, partitionFolder, partPath } from '../../src/dataset/store/partition.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { queryDuckdb } from '../support/records/duckdb.js';
import { HARD_VALUES } from '../support/records/hard-values.js';
import { assertProperty } from '../support/lanes/property.js';
import { poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRecords } from '../support/records/write-records.js';

/**
 * As Hive and Spark do it (ExternalCatalogUtils.unescapePathName, PartitioningUtils): what stands for null is compared
 * before anything is unescaped, and each %XX is one character.
 */
function unescapeValue(text: string): string | null {
  if (text === '__HIVE_DEFAULT_PARTITION__') return null;
  return text.replace(/%([0-9A-F]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

describe('partitions', () => {
  const folder = temporaryFolder();

  it('date is the day in UTC, the rest are labels; what is not known is null to the engines', () => {
    assert.equal(
      partitionFolder(['date', 'host'], Date.UTC(2024, 8, 1, 23, 59), { host: 'web01' }),
      'date=2024-09-01/host=web01',
    );
    assert.equal(
      partitionFolder(['date', 'host'], null, { site: 'x' }),
      'date=__HIVE_DEFAULT_PARTITION__/host=__HIVE_DEFAULT_PARTITION__',
    );
    assert.equal(partitionFolder([], 0, {}), '');
    assert.equal(partPath('pool_tag', '', 'ab', '.parquet'), 'pool_tag/v=2/part-ab.parquet');
  });

  it('an escaped value is one component of a path, and comes back', () => {
    assertProperty(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const escaped = escapeValue(value);

        assert.doesNotMatch(escaped, /[/\\\u0000-\u001f=:*?"<>|]/);
        assert.equal(unescapeValue(escaped), value);
      }),
    );
  });

  for (const value of HARD_VALUES) {
    it(`${JSON.stringify(value.slice(0, 30))} comes back by the rules of Hive and Spark`, () => {
      const [key, ...rest] = partitionFolder(['host'], null, { host: value }).split('=');
      assert.deepEqual([key, rest.length, unescapeValue(rest[0]!)], ['host', 1, value]);
    });
  }

  it('DuckDB reads the values back from the paths', async () => {
    for (const [index, host] of HARD_VALUES.entries()) {
      const path = folder.path(
        `lake/${partPath('pool_tag', partitionFolder(['date', 'host'], 0, { host }), String(index), '.parquet')}`,
      );
      await mkdir(dirname(path), { recursive: true });
      await writeRecords(path, POOL_TAG, [poolTagRow({ key: index, host })]);
    }
    const rows = await queryDuckdb(
      `SELECT key, host FROM read_parquet('${folder.path('lake')}/**/*.parquet', hive_partitioning = true, hive_types_autocast = false) ORDER BY key`,
    );
    // The client decodes text itself, and drops a U+FEFF at its beginning.
    assert.deepEqual(
      rows.map((row) => row['host']),
      HARD_VALUES.map((value) => value.replace(/^\ufeff/, '')),
    );
  });

  it('and alone, with no option, by which a column of its own kind would have a type of its own', async () => {
    for (const [index, host] of HARD_VALUES.entries()) {
      const path = folder.path(`alone-${index}/${partitionFolder(['host'], 0, { host })}/1.parquet`);
      await mkdir(dirname(path), { recursive: true });
      await writeRecords(path, POOL_TAG, [poolTagRow({ host })]);
      const [row] = await queryDuckdb(`SELECT encode(host::VARCHAR) = encode('${host.replaceAll("'", "''")}') AS same
        FROM read_parquet('${folder.path(`alone-${index}`)}/**/*.parquet')`);
      assert.equal(row!['same'], true, host);
    }
  });

  it('a value too long for a file name is refused', () => {
    assert.throws(() => partitionFolder(['host'], null, { host: 'x'.repeat(300) }), {
      code: 'USAGE',
      message: /host.*at most 250 bytes.*300/,
    });
  });

  it('keys that would break the layout are refused', () => {
    for (const keys of [['v'], ['tag'], ['image_id'], ['Host'], ['a-b'], [''], ['host', 'host'], ['../x']]) {
      assert.throws(() => checkPartitionKeys(keys), { code: 'USAGE' }, keys.join());
    }
    assert.deepEqual(checkPartitionKeys(['date', 'host', 'site_2']), ['date', 'host', 'site_2']);
  });
});
