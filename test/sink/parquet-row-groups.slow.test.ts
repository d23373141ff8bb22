import assert from 'node:assert/strict';
import { IMAGE, POOL_TAG } from '../../src/record/schema/record-types.js';
import type { Column, Value } from '../../src/record/schema/record-type.js';
import type { ParquetWriterName } from '../../src/sink/sink.js';
import { queryDuckdb, sqlLiteral } from '../support/records/duckdb.js';
import { readWithParquetJs } from '../support/records/parquetjs-reader.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { writeRecords } from '../support/records/write-records.js';

const WRITERS: readonly ParquetWriterName[] = ['hyparquet-writer', 'parquetjs-lite'];

for (const parquetWriter of WRITERS) {
  describe(`row groups of Parquet by ${parquetWriter}`, () => {
    const folder = temporaryFolder();

    for (const recordType of [POOL_TAG, IMAGE]) {
      // Sorted by the column, each row group has a range of its own, and DuckDB skips all but those of the value.
      it(`${recordType.name}: a filter on any column finds exactly its rows among row groups sorted by it`, async () => {
        const rows = edgeRows(recordType, 400);
        for (const [index, column] of recordType.columns.entries()) {
          const sorted = rows.toSorted((a, b) => compare(a[column.name]!, b[column.name]!));
          const path = folder.path(`${recordType.name}-${column.name}.parquet`);
          // Thousands of pages, whose compression has nothing to do with what is found in them.
          const parquetCompression = index % 8 === 0 ? 'gzip' : 'none';
          await writeRecords(path, recordType, sorted, { parquetWriter, parquetCompression, rowGroupRows: 50 }, 64);
          const values = [...new Set([0, 130, 260, 399].map((index) => sorted[index]![column.name]!))];
          const counts = await queryDuckdb(values.map((value) => filterCount(path, column, value)).join(' UNION ALL '));
          const expected = values.map((value) => rows.filter((row) => row[column.name] === value).length);
          assert.deepEqual(
            counts.map((row) => Number(row['found'])),
            expected,
            column.name,
          );
        }
        const path = folder.path(`${recordType.name}-schema_version.parquet`);
        assert.equal((await readWithParquetJs(path, recordType)).rowGroups, 8);
      });
    }

    it('100,000 rows come back in order, row groups and all', async () => {
      const count = 100_000;
      const rows = Array.from({ length: count }, (_, index) =>
        poolTagRow({ key: index, nonpaged_allocs: 2n ** 53n + BigInt(index), tag: `T${index % 977}` }),
      );
      const path = folder.path('many.parquet');
      await writeRecords(path, POOL_TAG, rows, { parquetWriter, rowGroupRows: 30_000 });
      const [sums] =
        await queryDuckdb(`SELECT count(*) AS rows, sum(nonpaged_allocs)::VARCHAR AS sum, bool_and(nonpaged_allocs = 9007199254740992 + key) AS paired,
        bool_and(tag = 'T' || (key % 977)) AS tagged, bool_and(file_row_number = key) AS ordered FROM read_parquet('${path}', file_row_number = true)`);
      const sum = 2n ** 53n * BigInt(count) + (BigInt(count) * BigInt(count - 1)) / 2n;
      assert.deepEqual(
        { ...sums },
        { rows: BigInt(count), sum: String(sum), paired: true, tagged: true, ordered: true },
      );
      const [groups] = await queryDuckdb(`SELECT num_row_groups FROM parquet_file_metadata('${path}')`);
      assert.equal(Number(groups!['num_row_groups']), 4);
    });
  });
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a < b ? -1 : 1;
}

function filterCount(path: string, column: Column, value: Value): string {
  const literal =
    column.type === 'timestamp' && value !== null
      ? `make_timestamp(${value}::BIGINT * 1000)::TIMESTAMP`
      : column.type === 'float64' && value !== null
        ? `'${value}'::DOUBLE`
        : sqlLiteral(value);
  const side = column.type === 'timestamp' ? `(${column.name}::TIMESTAMPTZ AT TIME ZONE 'UTC')` : column.name;
  return `SELECT count(*) AS found FROM '${path}' WHERE ${value === null ? `${column.name} IS NULL` : `${side} = ${literal}`}`;
}
