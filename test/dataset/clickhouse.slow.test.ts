import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { partitionFolder, partPath } from '../../src/dataset/store/partition.js';
import { POOL_TAG, RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { EDGE_INT64, edgeRows } from '../support/records/record-rows.js';
import { HARD_VALUES } from '../support/records/hard-values.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { canAskClickhouse, clickhouseRows, fileRows, queryClickhouse } from '../support/records/clickhouse.js';
import { writeRecords } from '../support/records/write-records.js';
import { writePart } from '../support/records/write-part.js';

const CAPTURED_AT = Date.UTC(2024, 8, 29, 6, 38, 15, 123);

describe('a dataset in ClickHouse', () => {
  const folder = temporaryFolder();
  const files = (): string => `file('${folder.path('lake')}/pool_tag/v=*/**/*.parquet', Parquet)`;

  before(async function () {
    if (!(await canAskClickhouse())) this.skip();
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
    // A table's log has Parquet files of its own, which hold no records.
    await writePart(folder.path('lake/pool_tag/_delta_log/00000000000000000010.checkpoint.parquet'), POOL_TAG, [
      { key: HARD_VALUES.length + 1, host: 'no record' },
    ]);
  });

  it('hosts come out of the files as they went in', async () => {
    const rows = await queryClickhouse(`SELECT host FROM ${files()} ORDER BY key SETTINGS use_hive_partitioning = 0`);
    assert.deepEqual(
      rows.map(({ host }) => host),
      [...HARD_VALUES, null],
    );
  });

  it('and out of the names of folders, which it does not unescape itself', async () => {
    const rows = await queryClickhouse(
      `SELECT if(host = '__HIVE_DEFAULT_PARTITION__', NULL, decodeURLComponent(assumeNotNull(host))) AS name FROM ${files()} ORDER BY key SETTINGS use_hive_partitioning = 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      [...HARD_VALUES, null],
    );
  });

  it('the values that go wrong, of every record type, are those that DuckDB reads', async () => {
    for (const type of RECORD_TYPES) {
      const path = folder.path(`edges/${type.name}/v=2/edges.parquet`);
      await mkdir(dirname(path), { recursive: true });
      await writeRecords(path, type, edgeRows(type, 300), { rowGroupRows: 128 }, 50);
      const read = await clickhouseRows(`file('${path}', Parquet) SETTINGS use_hive_partitioning = 0`, type);
      assert.deepEqual(read, await fileRows(folder.path('edges'), type), type.name);
    }
  });

  it('times are instants in UTC, counters exact', async () => {
    const rows = await queryClickhouse(
      `SELECT toTypeName(captured_at) AS type, toUnixTimestamp64Milli(assumeNotNull(captured_at))::String AS at, nonpaged_bytes::String AS bytes FROM ${files()} ORDER BY key`,
    );
    for (const [key, { type, at, bytes }] of rows.entries()) {
      assert.equal(type, "Nullable(DateTime64(3, 'UTC'))");
      assert.equal(at, String(CAPTURED_AT));
      assert.equal(bytes, String(EDGE_INT64[key % EDGE_INT64.length]!));
    }
  });
});
