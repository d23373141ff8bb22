import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import type { RecordType, Row } from '../../src/record/schema/record-type.js';
import { RECORD_TYPES } from '../../src/record/schema/record-types.js';
import { encodeNdjson } from '../../src/sink/ndjson/ndjson.js';
import { queryRows } from '../support/records/duckdb.js';
import { EDGE_INT64, edgeRows, poolTagRow } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';
import { readRecords, writeRecords } from '../support/records/write-records.js';

const DUCKDB_TYPES = {
  string: 'VARCHAR',
  bool: 'BOOLEAN',
  int32: 'INTEGER',
  uint32: 'UINTEGER',
  int64: 'BIGINT',
  float64: 'DOUBLE',
  timestamp: 'TIMESTAMPTZ',
} as const;

function duckdbColumns(recordType: RecordType): string {
  return `{${recordType.columns.map((column) => `${column.name}: '${DUCKDB_TYPES[column.type]}'`).join(', ')}}`;
}

/** DuckDB takes a quoted empty field for no value, as it does an empty one. */
function asDuckdbReadsCsv(rows: readonly Row[]): Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === '' ? null : value])),
  );
}

describe('NDJSON', () => {
  const folder = temporaryFolder();

  for (const recordType of RECORD_TYPES) {
    for (const ending of ['ndjson', 'ndjson.gz']) {
      it(`${recordType.name}.${ending}: DuckDB and our reader read every value as it was`, async () => {
        const rows = edgeRows(recordType, 300);
        const path = folder.path(`${recordType.name}.${ending}`);
        await writeRecords(path, recordType, rows, {}, 64);
        assert.deepEqual(
          await queryRows(
            `FROM read_json('${path}', format = 'newline_delimited', columns = ${duckdbColumns(recordType)})`,
            recordType,
          ),
          rows,
        );
        assert.deepEqual(await readRecords(path), { recordType, rows });
      });
    }
  }

  it('64-bit integers are JSON integers to the last digit', async () => {
    const path = folder.path('digits.ndjson');
    await writeRecords(
      path,
      POOL_TAG,
      EDGE_INT64.map((value) => poolTagRow({ nonpaged_bytes: value })),
    );
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    EDGE_INT64.forEach((value, index) =>
      assert.ok(lines[index]!.includes(`"nonpaged_bytes":${value},`), String(value)),
    );
  });

  it('--bigint string makes them strings, which read back the same', async () => {
    const rows = EDGE_INT64.map((value) => poolTagRow({ nonpaged_bytes: value }));
    const path = folder.path('strings.ndjson');
    await writeRecords(path, POOL_TAG, rows, { bigint: 'string' });
    const [line] = (await readFile(path, 'utf8')).split('\n');
    assert.equal((JSON.parse(line!) as Record<string, unknown>)['nonpaged_bytes'], String(EDGE_INT64[0]));
    assert.deepEqual((await readRecords(path)).rows, rows);
  });

  it('no rows are an empty file, and a gzip file of nothing', async () => {
    await writeRecords(folder.path('none.ndjson'), POOL_TAG, []);
    await writeRecords(folder.path('none.ndjson.gz'), POOL_TAG, []);
    assert.equal((await readFile(folder.path('none.ndjson'))).length, 0);
    assert.equal(gunzipSync(await readFile(folder.path('none.ndjson.gz'))).length, 0);
    assert.deepEqual(await readRecords(folder.path('none.ndjson.gz')), { recordType: null, rows: [] });
  });
});

describe('CSV', () => {
  const folder = temporaryFolder();

  for (const recordType of RECORD_TYPES) {
    it(`${recordType.name}: our reader reads every value as it was, DuckDB all but the empty strings`, async () => {
      const rows = edgeRows(recordType, 300);
      const path = folder.path(`${recordType.name}.csv`);
      await writeRecords(path, recordType, rows, {}, 64);
      assert.deepEqual(await readRecords(path), { recordType, rows });
      const read = await queryRows(
        `FROM read_csv('${path}', header = true, quote = '"', escape = '"', delim = ',', columns = ${duckdbColumns(recordType)})`,
        recordType,
      );
      assert.deepEqual(read, asDuckdbReadsCsv(rows));
    });
  }

  it('DuckDB finds the columns and their types by itself', async () => {
    const path = folder.path('sniffed.csv');
    const rows = edgeRows(POOL_TAG, 300).map((row) => ({
      ...row,
      image_path: 'a.raw',
      image_id: 'x',
      place: 'table',
      located_by: 'kdbg',
      windows_version: '10',
      arch: 'x64',
      host: null,
      labels: '{"host":"a, b"}',
      kernel_guid: null,
    }));
    await writeRecords(path, POOL_TAG, rows);
    const read = await queryRows(`FROM '${path}'`, POOL_TAG);
    assert.deepEqual(
      read.map((row) => [row['tag'], row['nonpaged_bytes'], row['labels']]),
      rows.map((row) => [row['tag' as never], row['nonpaged_bytes' as never], row.labels]),
    );
  });

  it('quotes what RFC 4180 has quoted, and tells an empty string from no value', async () => {
    const path = folder.path('quotes.csv');
    await writeRecords(path, POOL_TAG, [poolTagRow({ image_id: 'a"b,c\r\nd', host: '', labels: null })]);
    const text = await readFile(path, 'utf8');
    assert.ok(text.startsWith('schema_version,image_id,image_path,system,host,'), text);
    assert.ok(text.includes('\r\n1,"a""b,c\r\nd",x,,"",,'), text);
  });

  it('no rows are a header', async () => {
    const path = folder.path('none.csv');
    await writeRecords(path, POOL_TAG, []);
    assert.equal(await readFile(path, 'utf8'), `${POOL_TAG.columns.map((column) => column.name).join(',')}\r\n`);
    assert.deepEqual(await readRecords(path), { recordType: POOL_TAG, rows: [] });
  });
});

describe('columns that are the same in all rows of a batch, but for one', () => {
  const folder = temporaryFolder();

  for (const ending of ['ndjson', 'csv'])
    for (const recordType of RECORD_TYPES)
      it(`${recordType.name}.${ending}: each row has its own value`, async () => {
        const [first, ...others] = edgeRows(recordType, 60);
        const rows: Row[] = [];
        for (const { name } of recordType.columns) {
          const other = others.find((row) => row[name] !== first![name]);
          for (const at of [0, 1, 3, 4])
            for (let row = 0; row < 4; row++)
              rows.push(row === at && other !== undefined ? { ...first!, [name]: other[name]! } : first!);
        }
        const path = folder.path(`${recordType.name}.${ending}`);
        // Whole batches of four rows, and such that begin elsewhere.
        for (const size of [4, 1, 3]) {
          await writeRecords(path, recordType, rows, { force: true }, size);
          assert.deepEqual(await readRecords(path), { recordType, rows });
        }
      });

  it('and a column that counts other nulls than it marks', async () => {
    const recordType: RecordType = { ...POOL_TAG, columns: POOL_TAG.columns.filter(({ name }) => name === 'slot') };
    const column = { length: 3, offset: 0, nullBitmap: Uint8Array.of(0b101), values: Int32Array.of(5, 6, 7) };
    const batches = [{ numRows: 3, columns: [{ ...column, nullCount: 3 }] }];
    let text = '';
    for await (const chunk of encodeNdjson(Readable.from(batches), recordType, {})) text += String(chunk);
    assert.equal(text, '{"slot":5}\n{"slot":null}\n{"slot":7}\n');
  });
});
