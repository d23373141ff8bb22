import assert from 'node:assert/strict';
import { IMAGE } from '../../src/record/schema/record-types.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import { SCHEMA_VERSION, type Column, type Row, type Value } from '../../src/record/schema/record-type.js';
import { RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { fieldId } from '../../src/record/schema/field-ids.js';
import { toolVersion } from '../../src/record/schema/file-metadata.js';
import type { ParquetWriterName } from '../../src/sink/sink.js';
import { queryDuckdb, queryRows } from '../support/records/duckdb.js';
import { readWithParquetJs } from '../support/records/parquetjs-reader.js';
import { EDGE_TAGS, edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

const WRITERS: readonly ParquetWriterName[] = ['hyparquet-writer', 'parquetjs-lite'];

for (const parquetWriter of WRITERS) {
  describe(`Parquet by ${parquetWriter}`, () => {
    const folder = temporaryFolder();
    const gzip = { parquetWriter, parquetCompression: 'gzip' } as const;

    for (const recordType of RECORD_TYPES) {
      it(`${recordType.name}: DuckDB reads the values that go wrong as they were`, async () => {
        const rows = edgeRows(recordType, 300);
        const path = folder.path(`${recordType.name}.parquet`);
        await writeRecords(path, recordType, rows, { parquetWriter });
        assert.deepEqual(await queryRows(`FROM '${path}'`, recordType), rows);
      });

      it(`${recordType.name}: parquetjs-lite's reader does, and ours`, async () => {
        const rows = edgeRows(recordType, 300);
        const path = folder.path(`${recordType.name}-gzip.parquet`);
        await writeRecords(path, recordType, rows, gzip);
        assert.deepEqual((await readWithParquetJs(path, recordType)).rows, rows);
        assert.deepEqual(await readRecords(path), { recordType, rows });
      });

      it(`${recordType.name}: no rows are a file with every column`, async () => {
        const path = folder.path(`${recordType.name}-none.parquet`);
        await writeRecords(path, recordType, [], gzip);
        assert.deepEqual(await queryRows(`FROM '${path}'`, recordType), []);
        const columns = await queryDuckdb(`SELECT column_name FROM (DESCRIBE FROM '${path}')`);
        assert.deepEqual(
          columns.map((column) => column['column_name']),
          recordType.columns.map((column) => column.name),
        );
        assert.deepEqual((await readWithParquetJs(path, recordType)).rows, []);
        assert.deepEqual(await readRecords(path), { recordType, rows: [] });
      });
    }

    it('the columns have the types of the schema', async () => {
      const path = folder.path('types.parquet');
      await writeRecords(path, IMAGE, edgeRows(IMAGE, 10), { parquetWriter });
      const expected: Record<Column['type'], RegExp> = {
        string: /^VARCHAR$/,
        bool: /^BOOLEAN$/,
        int32: /^INTEGER$/,
        uint32: /^UINTEGER$/,
        int64: /^BIGINT$/,
        float64: /^DOUBLE$/,
        // An instant: in the files it is marked as adjusted to UTC.
        timestamp: /^TIMESTAMP WITH TIME ZONE$/,
      };
      for (const row of await queryDuckdb(`SELECT column_name, column_type FROM (DESCRIBE FROM '${path}')`)) {
        const column = IMAGE.columns.find((candidate) => candidate.name === row['column_name'])!;
        assert.match(String(row['column_type']), expected[column.type], column.name);
      }
    });

    it('columns have the ids by which tables know them', async () => {
      const path = folder.path('ids.parquet');
      await writeRecords(path, POOL_TAG, edgeRows(POOL_TAG, 10), { parquetWriter });
      const found = await queryDuckdb(
        `SELECT name, field_id FROM parquet_schema('${path}') WHERE num_children IS NULL`,
      );
      assert.deepEqual(
        found.map((row) => [row['name'], Number(row['field_id'])]),
        POOL_TAG.columns.map(({ name }) => [name, fieldId(name)]),
      );
    });

    it('every byte of a tag comes back', async () => {
      const rows = EDGE_TAGS.map((tag, index) => poolTagRow({ tag, key: index }));
      const path = folder.path('tags.parquet');
      await writeRecords(path, POOL_TAG, rows, gzip);
      const tags = (all: readonly Row[]): Value[] => all.map((row) => row['tag']!);
      assert.deepEqual(tags(await queryRows(`FROM '${path}' ORDER BY key`, POOL_TAG)), EDGE_TAGS);
      assert.deepEqual(tags((await readWithParquetJs(path, POOL_TAG)).rows), EDGE_TAGS);
    });

    it('the file says its schema version, record type and tool version', async () => {
      const path = folder.path('metadata.parquet');
      await writeRecords(path, POOL_TAG, [poolTagRow()], gzip);
      const { metadata } = await readWithParquetJs(path, POOL_TAG);
      assert.equal(metadata['pool_tracker.schema_version'], String(SCHEMA_VERSION));
      assert.equal(metadata['pool_tracker.record_type'], 'pool_tag');
      assert.equal(metadata['pool_tracker.tool_version'], toolVersion());
    });

    it('least and greatest of each row group are those of its values, strings by their bytes', async () => {
      const path = folder.path('statistics.parquet');
      const rows = ['\uff5e', '\u{1f600}', 'a'].map((host, index) =>
        poolTagRow({
          host,
          key: [0x80000000, 1, 0xffffffff][index]!,
          nonpaged_bytes: [-(2n ** 63n), 2n ** 53n + 1n, 2n ** 63n - 1n][index]!,
        }),
      );
      await writeRecords(path, POOL_TAG, [...rows, poolTagRow({ captured_at: -1 })], { parquetWriter });
      const statistics = async (column: string): Promise<unknown[]> => {
        const [row] = await queryDuckdb(
          `SELECT stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata('${path}') WHERE path_in_schema = '${column}'`,
        );
        return [row!['stats_min_value'], row!['stats_max_value'], Number(row!['stats_null_count'])];
      };
      assert.deepEqual(await statistics('host'), ['a', '\u{1f600}', 1]);
      assert.deepEqual(await statistics('key'), ['1', '4294967295', 0]);
      assert.deepEqual(await statistics('nonpaged_bytes'), ['-9223372036854775808', '9223372036854775807', 0]);
      assert.equal((await statistics('labels'))[2], 4);
    });
  });
}
