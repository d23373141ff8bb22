import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { DatasetQuery } from '../../../src/dataset/query/query.js';
import { PoolTrackerError, type ErrorCode } from '../../../src/errors.js';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import type { Row } from '../../../src/record/schema/record-type.js';
import { builtFile, CLI, ROOT, runCli } from '../../support/run/cli.js';
import { queryDuckdb } from '../../support/records/duckdb.js';
import { EDGE_INT64 } from '../../support/records/record-rows.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { writePart } from '../../support/records/write-part.js';

const CAPTURED_AT = Date.UTC(2024, 2, 1, 12, 34, 56, 789);

describe('query', () => {
  const folder = temporaryFolder();
  let query: DatasetQuery;

  before(async () => {
    await writePart(
      folder.path('lake/pool_tag/v=1/host=a/part-1.parquet'),
      POOL_TAG,
      EDGE_INT64.map((value, key) => ({
        key,
        tag: 'a"b,',
        captured_at: CAPTURED_AT,
        nonpaged_bytes: value,
        paged_bytes: 0n,
      })),
    );
    writeFileSync(folder.path('secret.txt'), 'secret');
    query = await DatasetQuery.open(folder.path('lake'));
  });
  after(() => query?.close());

  async function ask(sql: string): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of (await query.ask(sql)).rows) rows.push(row);
    return rows;
  }
  function refused(code: ErrorCode, message: RegExp): (error: unknown) => true {
    return (error) => {
      assert.ok(error instanceof PoolTrackerError, String(error));
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    };
  }

  it('keeps every 64-bit integer', async () => {
    assert.deepEqual(
      (await ask('SELECT nonpaged_bytes FROM pool_tags ORDER BY key')).map((row) => row.nonpaged_bytes),
      EDGE_INT64,
    );
  });

  it('gives each type of DuckDB a type of ours', async () => {
    const [row] =
      await ask(`SELECT true AS bool, 1::TINYINT AS tiny, 4294967295::UINTEGER AS unsigned, sum(9007199254740993) AS sum, 0.25 AS decimal,
      1.5::FLOAT AS single, 'nan'::DOUBLE AS nan, DATE '2024-03-01' AS date, max(captured_at) AS at, TIMESTAMP '2024-03-01 00:00:00' AS plain,
      [1, 2] AS list, {'a': 9007199254740993} AS struct, NULL AS none, 12345678901234567890.5::DECIMAL(30, 1) AS long, 'x' AS name, 'y' AS name FROM pool_tags WHERE key = 0`);
    assert.deepEqual(row, {
      bool: true,
      tiny: 1,
      unsigned: 4294967295,
      sum: 9007199254740993n,
      decimal: 0.25,
      single: 1.5,
      nan: null,
      date: '2024-03-01',
      at: CAPTURED_AT,
      plain: Date.UTC(2024, 2, 1),
      list: '[1,2]',
      struct: '{"a":9007199254740993}',
      none: null,
      long: '12345678901234567890.5',
      name: 'x',
      name_1: 'y',
    });
  });

  for (const [sql, text] of [
    ["[TIMESTAMPTZ '2024-03-01 12:34:56.789+00', NULL]", '["2024-03-01 12:34:56.789+00",null]'],
    ["[TIMESTAMP '2024-03-01 00:00:00']", '["2024-03-01 00:00:00"]'],
    ["[DATE '2024-03-01']", '["2024-03-01"]'],
    ['[1.5::DOUBLE, 0.5]', '[1.5,0.5]'],
    ['[1.25::DECIMAL(5, 2)]', '[1.25]'],
    ['[18446744073709551615::UBIGINT]', '[18446744073709551615]'],
    ['[9007199254740993]::BIGINT[1]', '[9007199254740993]'],
    ["[{'at': TIMESTAMPTZ '2024-03-01 00:00:00+00'}]", '[{"at":"2024-03-01 00:00:00+00"}]'],
    ["MAP {'a': 0.5}", '{"a":0.5}'],
    ["'a]'::ENUM ('a]', 'b')", 'a]'],
    ['INTERVAL 90 MINUTE', '01:30:00'],
    ["TIMETZ '12:00:00+00'", '12:00:00+00'],
    ["'x'::BLOB", 'x'],
  ] as const) {
    it(`shows ${sql} as text`, async () => {
      assert.deepEqual(await ask(`SELECT ${sql} AS value`), [{ value: text }]);
    });
  }

  it('does not round what 64 bits do not hold, but says so', async () => {
    await assert.rejects(ask('SELECT sum(9223372036854775807) FROM pool_tags'), refused('USAGE', /Conversion Error/));
    assert.deepEqual(await ask('SELECT sum(9223372036854775807)::VARCHAR AS s FROM pool_tags'), [
      { s: (9223372036854775807n * BigInt(EDGE_INT64.length)).toString() },
    ]);
  });

  for (const sql of [
    "COPY (SELECT 1) TO 'LAKE/x.csv'",
    'CREATE TABLE t AS SELECT 1',
    "ATTACH 'LAKE/x.db'",
    "EXPORT DATABASE 'LAKE/x'",
    'SET threads = 1',
    'DROP VIEW pool_tags',
    'INSTALL httpfs',
  ]) {
    it(`refuses to write: ${sql}`, async () => {
      const before = readdirSync(folder.path('lake'));
      await assert.rejects(
        ask(sql.replace('LAKE', folder.path('lake'))),
        refused('USAGE', /expected a statement that selects/),
      );
      assert.deepEqual(readdirSync(folder.path('lake')), before);
    });
  }

  for (const sql of [
    "FROM enable_logging('QueryLog', storage := 'file', storage_config := {'path': 'LAKE/log'})",
    "FROM query('FROM enable_' || 'logging()')",
    'SELECT (SELECT count(*) FROM enable_profiling()) AS n',
    'FROM pool_tags, force_checkpoint()',
    'FROM disable_logging()',
  ]) {
    it(`refuses what selects and does something: ${sql}`, async () => {
      const before = readdirSync(folder.path('lake'));
      await assert.rejects(
        ask(sql.replace('LAKE', folder.path('lake'))),
        refused('USAGE', /expected a statement that only selects, found \w+\(\)/),
      );
      assert.deepEqual(readdirSync(folder.path('lake')), before);
    });
  }

  it('takes one statement, whole', async () => {
    await assert.rejects(ask('SELECT 1; SELECT 2'), refused('USAGE', /expected one statement, found 2/));
    await assert.rejects(ask('SELECT 1) AS x, (SELECT 2'), refused('USAGE', /Parser Error/));
    await assert.rejects(ask(''), refused('USAGE', /found 0/));
    assert.deepEqual(await ask('SELECT 1 AS a; '), [{ a: 1 }]);
    assert.deepEqual(await ask('SELECT 1 AS a -- the last line'), [{ a: 1 }]);
    assert.equal(
      (await ask('DESCRIBE pool_tags')).length,
      (await ask("SELECT * FROM duckdb_columns() WHERE table_name = 'pool_tags'")).length,
    );
  });

  it('reaches the dataset only', async () => {
    symlinkSync(folder.path('secret.txt'), folder.path('lake/link.txt'));
    const places = [
      folder.path('secret.txt'),
      folder.path('lake/../secret.txt'),
      folder.path('lake/link.txt'),
      '/etc/passwd',
      'http://127.0.0.1:1/x',
    ];
    for (const place of places)
      await assert.rejects(
        ask(`SELECT * FROM read_text('${place}')`),
        refused('SOURCE_NOT_PERMITTED', /Cannot access/),
        place,
      );
    assert.equal((await ask(`SELECT * FROM glob('${folder.path('lake')}/**/*.parquet')`)).length, 1);
  });

  it('knows its views, and what they take', async () => {
    await assert.rejects(query.askView('nothing'), refused('USAGE', /no view is named 'nothing'/));
    await assert.rejects(query.askView('images', ['a']), refused('USAGE', /takes no values/));
    await assert.rejects(query.askView('top_tags', ['1', '2']), refused('USAGE', /takes 1 values \(n\), found 2/));
    await assert.rejects(query.askView('leaks); DROP VIEW images; --'), refused('USAGE', /no view is named/));
    await query.askView('leaks', ["o'brien", 'min_growth=0.5']);
  });

  it('tells a damaged file when it is read', async () => {
    mkdirSync(folder.path('damaged/pool_tag/v=1/host=a'), { recursive: true });
    writeFileSync(folder.path('damaged/pool_tag/v=1/host=a/part-1.parquet'), 'no Parquet');
    const damaged = await DatasetQuery.open(folder.path('damaged'));
    try {
      const { rows } = await damaged.ask('SELECT tag FROM pool_tags');
      await assert.rejects(rows[Symbol.asyncIterator]().next(), refused('RECORDS_DAMAGED', /part-1\.parquet/));
    } finally {
      await damaged.close();
    }
  });

  describe('on the command line', () => {
    const sql = 'SELECT key, tag AS "a,b", nonpaged_bytes, captured_at FROM pool_tags WHERE key < 4 ORDER BY key';
    const bytes = EDGE_INT64.slice(0, 4);

    it('writes CSV, NDJSON, JSON and a table, every digit of them', async () => {
      const of = async (format: string): Promise<string> =>
        (await runCli(['query', folder.path('lake'), sql, '--format', format])).stdout;
      const at = new Date(CAPTURED_AT).toISOString();
      assert.equal(
        await of('csv'),
        [
          'key,"a,b",nonpaged_bytes,captured_at',
          ...bytes.map((value, key) => `${key},"a""b,",${value},${at}`),
          '',
        ].join('\r\n'),
      );
      const objects = bytes.map(
        (value, key) => `{"key":${key},"a,b":"a\\"b,","nonpaged_bytes":${value},"captured_at":"${at}"}`,
      );
      assert.equal(await of('ndjson'), `${objects.join('\n')}\n`);
      assert.equal(await of('json'), `[\n${objects.join(',\n')}\n]\n`);
      const table = await of('table');
      for (const value of bytes) assert.match(table, new RegExp(`\\b${String(value).replace('-', '')}\\b`));
    });

    it('writes Parquet that another DuckDB reads, and no half of a file when the query fails', async () => {
      const file = folder.path('answer.parquet');
      assert.equal((await runCli(['query', folder.path('lake'), sql, '-o', file])).status, 0);
      assert.deepEqual(
        (await queryDuckdb(`SELECT nonpaged_bytes FROM '${file}' ORDER BY key`)).map((row) => row.nonpaged_bytes),
        bytes,
      );
      const failed = folder.path('failed.csv');
      const { status, stderr } = await runCli([
        'query',
        folder.path('lake'),
        "SELECT CASE WHEN key < 4 THEN 1 ELSE error('stop') END FROM pool_tags",
        '-o',
        failed,
      ]);
      assert.equal(status, 2);
      assert.match(stderr, /^pool-tracker: query: Invalid Input Error: stop\n$/);
      assert.ok(!existsSync(failed));
    });

    it('writes an empty JSON array when nothing is found', async () => {
      assert.equal((await runCli(['query', folder.path('lake'), 'SELECT 1 WHERE false', '--json'])).stdout, '[]\n');
    });

    it('says what to install when DuckDB is not there', () => {
      const modules = join(ROOT, 'node_modules');
      const copy = folder.path('package');
      cpSync(builtFile('.'), join(copy, 'dist'), { recursive: true });
      for (const name of ['package.json', 'data', 'schemas'])
        cpSync(join(ROOT, name), join(copy, name), { recursive: true });
      mkdirSync(join(copy, 'node_modules'));
      for (const name of readdirSync(modules))
        if (name !== '@duckdb') symlinkSync(join(modules, name), join(copy, 'node_modules', name));
      const { status, stderr } = spawnSync(
        process.execPath,
        [join(copy, relative(ROOT, CLI)), 'query', folder.path('lake'), 'SELECT 1'],
        { encoding: 'utf8' },
      );
      assert.equal(status, 1);
      assert.match(
        stderr,
        /^pool-tracker: a query needs the package @duckdb\/node-api: .*; npm install @duckdb\/node-api.*\n$/,
      );
    });

    it('leaves nothing behind in the dataset', () => {
      const left = readdirSync(folder.path('lake'), { recursive: true, encoding: 'utf8' }).filter(
        (name) => !/^(pool_tag|link\.txt)/.test(name),
      );
      assert.deepEqual(left, []);
      assert.equal(readFileSync(folder.path('secret.txt'), 'utf8'), 'secret');
    });
  });
});
