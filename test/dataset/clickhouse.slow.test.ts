import assert from 'node:assert/strict';
import { partitionFolder, partPath } from '../../src/dataset/store/partition.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { EDGE_INT64 } from '../support/records/record-rows.js';
import { HARD_VALUES } from '../support/records/hard-values.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writePart } from '../support/records/write-part.js';

type Query = (sql: string, format: string) => string;

/** ClickHouse within this process, or null where its library is not made for this machine. */
async function loadClickHouse(): Promise<Query | null> {
  try {
    return (await import('chdb')).query as Query;
  } catch (error) {
    console.log(`      skipped: chdb does not run here (${String(error).split('\n')[0]!})`);
    return null;
  }
}

const CAPTURED_AT = Date.UTC(2024, 8, 29, 6, 38, 15, 123);

describe('a dataset in ClickHouse', () => {
  const folder = temporaryFolder();
  let query: Query;
  const files = (): string => `file('${folder.path('lake')}/pool_tag/**/*.parquet', Parquet)`;
  function ask(sql: string): Record<string, unknown>[] {
    return query(sql, 'JSONEachRow')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  before(async function () {
    const found = await loadClickHouse();
    if (found === null) this.skip();
    query = found;
    for (const [key, host] of [...HARD_VALUES, null].entries()) {
      const labels: Record<string, string> = host === null ? {} : { host };
      const path = partPath(
        'pool_tag',
        partitionFolder(['date', 'host'], CAPTURED_AT, labels),
        String(key),
        '.parquet',
      );
      await writePart(folder.path(`lake/${path}`), POOL_TAG, [
        { key, host, captured_at: CAPTURED_AT, nonpaged_bytes: EDGE_INT64[key % EDGE_INT64.length]! },
      ]);
    }
  });

  it('hosts come out of the files as they went in', () => {
    const rows = ask(`SELECT host FROM ${files()} ORDER BY key SETTINGS use_hive_partitioning = 0`);
    assert.deepEqual(
      rows.map(({ host }) => host),
      [...HARD_VALUES, null],
    );
  });

  it('and out of the names of folders, which it does not unescape itself', () => {
    const rows = ask(
      `SELECT if(host = '__HIVE_DEFAULT_PARTITION__', NULL, decodeURLComponent(assumeNotNull(host))) AS name FROM ${files()} ORDER BY key SETTINGS use_hive_partitioning = 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...HARD_VALUES, null],
    );
  });

  it('times are instants in UTC, counters exact', () => {
    const rows = ask(
      `SELECT toTypeName(captured_at) AS type, toUnixTimestamp64Milli(assumeNotNull(captured_at))::String AS at, nonpaged_bytes::String AS bytes FROM ${files()} ORDER BY key`,
    );
    for (const [key, { type, at, bytes }] of rows.entries()) {
      assert.equal(type, "Nullable(DateTime64(3, 'UTC'))");
      assert.equal(at, String(CAPTURED_AT));
      assert.equal(bytes, String(EDGE_INT64[key % EDGE_INT64.length]!));
    }
  });
});
