import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import {
  type Data,
  DateDay,
  Field,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  TimestampMicrosecond,
} from 'apache-arrow';
import { PoolTrackerError } from '../../src/errors.js';
import { plainStrings, RecordBatchBuilder } from '../../src/record/arrow/record-batches.js';
import { fieldId } from '../../src/record/schema/field-ids.js';
import {
  column,
  type ColumnType,
  nullableColumn,
  type RecordType,
  recordType,
  type Row,
} from '../../src/record/schema/record-type.js';
import { POOL_TAG, RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { openSink, pipelineInto, type SinkOptions } from '../../src/sink/open-sink.js';
import { sinkNamed } from '../../src/sink/sinks.js';
import { queryDuckdb, queryRows } from '../support/records/duckdb.js';
import { edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

function batchOf(type: RecordType, rows: readonly Row[]): RecordBatch {
  const builder = new RecordBatchBuilder(type, Math.max(1, rows.length));
  for (const row of rows) builder.append(row);
  return builder.take();
}

/** Numbers of all sizes, repeated and not, with stretches and single rows of nulls. */
const MIXED = recordType({
  name: 'mixed',
  description: 'For this test.',
  columns: [
    column('row', 'int32', ''),
    nullableColumn('long', 'int64', ''),
    nullableColumn('few', 'int64', ''),
    nullableColumn('unsigned', 'uint32', ''),
    nullableColumn('double', 'float64', ''),
    nullableColumn('flag', 'bool', ''),
    nullableColumn('text', 'string', ''),
    nullableColumn('common', 'string', ''),
    nullableColumn('never', 'string', ''),
    nullableColumn('at', 'timestamp', ''),
  ],
});

function mixedRows(count: number): Row[] {
  return Array.from({ length: count }, (_, row) => {
    const isNull = (stride: number): boolean => row % stride === 0 || (row > 200 && row < 400);
    return {
      row,
      long: isNull(3) ? null : BigInt(row) ** 4n * (row % 2 === 0 ? 1n : -1n),
      few: isNull(5) ? null : 2n ** 63n - 1n - BigInt(row % 7),
      unsigned: isNull(7) ? null : (row * 0x9e3779b1) >>> 0,
      double: isNull(4) ? null : (row % 9) / 8 - 0.5,
      flag: isNull(2) ? null : row % 5 < 2,
      text: isNull(6) ? null : `${row}:${'é'.repeat(row % 50)}`,
      common: row % 11 < 9 ? 'most' : isNull(2) ? null : `other ${row % 13}`,
      never: null,
      at: isNull(9) ? null : row * 86_400_007 - 1_000_000_000_000,
    };
  });
}

describe('Parquet column by column', () => {
  const folder = temporaryFolder();

  async function writeBatches(
    name: string,
    type: RecordType,
    batches: readonly RecordBatch[],
    options: SinkOptions = {},
  ): Promise<string> {
    const path = folder.path(name);
    const sink = await openSink({ recordType: type, format: sinkNamed('parquet'), target: path }, options);
    await pipelineInto(sink, Readable.from(batches));
    return path;
  }

  it('each column has its id, which is no other one’s', async () => {
    const ids = new Map<number, string>();
    for (const type of RECORD_TYPES) {
      const path = folder.path(`ids-${type.name}.parquet`);
      await writeRecords(path, type, []);
      const fields = await queryDuckdb(`SELECT name, field_id FROM parquet_schema('${path}') WHERE name <> 'schema'`);
      assert.deepEqual(
        fields.map(({ name, field_id: id }) => [name, Number(id)]),
        type.columns.map(({ name }) => [name, fieldId(name)]),
      );
      for (const { name } of type.columns) {
        assert.equal(ids.get(fieldId(name)!) ?? name, name);
        ids.set(fieldId(name)!, name);
      }
    }
  });

  it('a column has a dictionary where one is smaller, times are instants, pages are compressed', async () => {
    const path = folder.path('encodings.parquet');
    const rows = Array.from({ length: 5000 }, (_, row) =>
      poolTagRow({ slot: row, tag: `T${row % 300}`, nonpaged_bytes: BigInt(row % 40), image_id: 'x'.repeat(row % 3) }),
    );
    await writeRecords(path, POOL_TAG, rows);
    const chunk = async (name: string): Promise<unknown[]> => {
      const [row] = await queryDuckdb(
        `SELECT encodings, compression FROM parquet_metadata('${path}') WHERE path_in_schema = '${name}'`,
      );
      return [row!['encodings'], row!['compression']];
    };
    const codec = 'ZSTD';
    assert.deepEqual(await chunk('tag'), ['PLAIN, RLE, RLE_DICTIONARY', codec]);
    assert.deepEqual(await chunk('nonpaged_bytes'), ['PLAIN, RLE, RLE_DICTIONARY', codec]);
    assert.deepEqual(await chunk('slot'), ['RLE, PLAIN', codec]);
    // What one value fills is not worth a codec.
    assert.deepEqual(await chunk('schema_version'), ['PLAIN, RLE, RLE_DICTIONARY', 'UNCOMPRESSED']);
    const [time] = await queryDuckdb(`SELECT logical_type FROM parquet_schema('${path}') WHERE name = 'captured_at'`);
    assert.match(String(time!['logical_type']), /isAdjustedToUTC=1.*MILLIS/);
  });

  for (const parquetCompression of ['zstd', 'gzip', 'snappy', 'none'] as const) {
    for (const [batchRows, rowGroupRows] of [
      [1000, 1000],
      [37, 100],
      [8, 1000],
      [64, 13],
    ] as const) {
      it(`values between nulls come back: ${parquetCompression}, batches of ${batchRows}, row groups of ${rowGroupRows}`, async () => {
        const rows = mixedRows(1000);
        const path = folder.path(`mixed-${parquetCompression}-${batchRows}-${rowGroupRows}.parquet`);
        await writeRecords(path, MIXED, rows, { parquetCompression, rowGroupRows }, batchRows);
        assert.deepEqual(await queryRows(`FROM '${path}' ORDER BY row`, MIXED), rows);
      });
    }
  }

  it('bounds and nulls are those of the values', async () => {
    const path = folder.path('bounds.parquet');
    const rows = mixedRows(1000);
    await writeRecords(path, MIXED, rows, { rowGroupRows: 300 }, 64);
    const groups = await queryDuckdb(
      `SELECT row_group_id AS group, path_in_schema AS name, stats_min_value AS min, stats_max_value AS max, stats_null_count AS nulls FROM parquet_metadata('${path}')`,
    );
    assert.equal(groups.length, 4 * MIXED.columns.length);
    for (const { group, name, min, max, nulls } of groups) {
      const values = rows.slice(Number(group) * 300, Number(group) * 300 + 300).map((row) => row[String(name)]!);
      const there = values.filter((value) => value !== null);
      assert.equal(Number(nulls), values.length - there.length, String(name));
      if (there.length === 0) assert.deepEqual([min, max], [null, null]);
      else if (name === 'long' || name === 'few') {
        const longs = (there as bigint[]).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        assert.deepEqual([BigInt(String(min)), BigInt(String(max))], [longs[0], longs.at(-1)], String(name));
      } else if (name === 'double' || name === 'unsigned' || name === 'row') {
        const numbers = there as number[];
        assert.deepEqual([Number(min), Number(max)], [Math.min(...numbers), Math.max(...numbers)], String(name));
      } else if (name === 'flag') assert.deepEqual([min, max], ['false', 'true']);
      else if (name === 'at') {
        const times = (there as number[]).toSorted((a, b) => a - b);
        const told = [min, max].map((text) => Date.parse(`${String(text).replace(/\+00$/, '').replace(' ', 'T')}Z`));
        assert.deepEqual(told, [times[0], times.at(-1)], `${String(min)} ${String(max)}`);
      } else {
        const texts = (there as string[]).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        assert.deepEqual([min, max], [texts[0], texts.at(-1)], String(name));
      }
    }
  });

  for (const parquetWriter of ['hyparquet-writer', 'parquetjs-lite'] as const) {
    it(`ids are for records alone, and row groups have rows: ${parquetWriter}`, async () => {
      const counts = recordType({ name: 'answer', description: '', columns: [column('count', 'int32', '')] });
      const path = folder.path(`answer-${parquetWriter}.parquet`);
      await writeRecords(path, counts, [{ count: 1 }], { parquetWriter });
      const [found] = await queryDuckdb(`SELECT field_id FROM parquet_schema('${path}') WHERE name = 'count'`);
      assert.equal(found!['field_id'], null);
      for (const rowGroupRows of [0, -1, 2.5, NaN, Infinity, 2 ** 24 + 1])
        await assert.rejects(
          writeRecords(folder.path('never.parquet'), counts, [{ count: 1 }], { parquetWriter, rowGroupRows }),
          {
            code: 'USAGE',
            message: /rowGroupRows: expected a whole number/,
          },
        );
      await assert.rejects(readRecords(folder.path('never.parquet')), /no such file/);
    });
  }

  it('bounds of long texts are left out, not cut', async () => {
    const path = folder.path('long-texts.parquet');
    await writeRecords(path, POOL_TAG, [
      poolTagRow({ description: 'a' }),
      poolTagRow({ description: 'b'.repeat(257) }),
    ]);
    const [row] = await queryDuckdb(
      `SELECT stats_min_value AS min, stats_max_value AS max, stats_null_count AS nulls FROM parquet_metadata('${path}') WHERE path_in_schema = 'description'`,
    );
    assert.deepEqual({ ...row, nulls: Number(row!['nulls']) }, { min: null, max: null, nulls: 0 });
  });

  it('texts that no dictionary makes smaller fill several pages', async () => {
    const rows = Array.from({ length: 5001 }, (_, row) =>
      poolTagRow({ slot: row, description: row % 10 === 3 ? null : `${row} ${'text'.repeat(row % 400)}` }),
    );
    for (const nulls of [true, false]) {
      const some = nulls ? rows : rows.filter(({ description }) => description !== null);
      const path = folder.path(`pages-${nulls}.parquet`);
      await writeRecords(path, POOL_TAG, some, { parquetCompression: 'none' });
      assert.deepEqual(await queryRows(`FROM '${path}' ORDER BY slot`, POOL_TAG), some);
      assert.deepEqual((await readRecords(path)).rows, some);
    }
  });

  it('batches of several makers, without dictionaries, and slices of batches are one file', async () => {
    const rows = edgeRows(POOL_TAG, 200);
    const slices = batchOf(POOL_TAG, rows.slice(100));
    const path = await writeBatches('makers.parquet', POOL_TAG, [
      batchOf(POOL_TAG, rows.slice(0, 50)),
      plainStrings(batchOf(POOL_TAG, rows.slice(50, 70))),
      batchOf(POOL_TAG, rows.slice(70, 100)),
      slices.slice(0, 13),
      plainStrings(batchOf(POOL_TAG, rows.slice(113, 130))).slice(0, 3),
      slices.slice(16, 100),
    ]);
    assert.deepEqual(await queryRows(`FROM '${path}'`, POOL_TAG), rows);
  });

  it('a nullable column that batches lack is null', async () => {
    const whole = batchOf(MIXED, mixedRows(20));
    const fields = whole.schema.fields.filter(({ name }) => name !== 'text');
    const children = whole.data.children.filter((_, index) => whole.schema.fields[index]!.name !== 'text');
    const part = new RecordBatch(
      new Schema(fields),
      makeData({ type: new Struct(fields), length: 20, nullCount: 0, children }),
    );
    const path = await writeBatches('lacking.parquet', MIXED, [whole, part]);
    const expected = [...mixedRows(20), ...mixedRows(20).map((row) => ({ ...row, text: null }))];
    assert.deepEqual(await queryRows(`FROM '${path}'`, MIXED), expected);
  });

  it('data that are of another type or damaged are refused, and leave no file', async () => {
    const refused = async (name: string, data: Data, expected: RegExp, of: ColumnType = 'string'): Promise<void> => {
      const type = recordType({ name: 'one', description: '', columns: [column(name, of, '')] });
      const fields = [new Field(name, data.type, false)];
      const batch = new RecordBatch(
        new Schema(fields),
        makeData({ type: new Struct(fields), length: data.length, nullCount: 0, children: [data] }),
      );
      await assert.rejects(writeBatches(`${name}.parquet`, type, [batch]), (error) => {
        assert.ok(error instanceof PoolTrackerError);
        assert.equal(error.code, 'RECORDS_DAMAGED');
        assert.match(error.message, expected);
        return true;
      });
      await assert.rejects(readRecords(folder.path(`${name}.parquet`)), /no such file/);
    };
    await refused('longs', makeData({ type: new Int64(), data: BigInt64Array.of(1n) }), /expected string/);
    await refused('numbers', makeData({ type: new Int32(), data: Int32Array.of(1) }), /expected string/);
    const texts = batchOf(POOL_TAG, [poolTagRow({ tag: 'a' })]).getChild('tag')!.data[0] as Data;
    await refused('indices', texts, /expected int32/, 'int32');
    const days = makeData({ type: new DateDay(), data: Int32Array.of(1) });
    await refused('days', days, /expected int32/, 'int32');
    const times = makeData({ type: new TimestampMicrosecond(), data: BigInt64Array.of(1n) });
    await refused('times', times, /expected int64/, 'int64');
    await refused('micros', times, /expected timestamp/, 'timestamp');
    for (const index of [2, -1]) {
      const batch = batchOf(POOL_TAG, [poolTagRow({ tag: 'a' }), poolTagRow({ tag: 'b' })]);
      const tags = batch.getChild('tag')!.data[0] as Data;
      (tags.values as Int32Array)[1] = index;
      await refused(`index${index}`, tags, /no text of index/);
    }
  });
});
