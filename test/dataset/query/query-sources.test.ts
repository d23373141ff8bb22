import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { DatasetQuery, type QueryOptions } from '../../../src/dataset/query/query.js';
import { PoolTrackerError, type ErrorCode } from '../../../src/errors.js';
import { IMAGE, POOL_TAG, RECORD_TYPES } from '../../../src/record/schema/record-types.js';
import type { Row } from '../../../src/record/schema/record-type.js';
import { EDGE_INT64 } from '../../support/records/record-rows.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { writePart } from '../../support/records/write-part.js';

const ENDINGS = ['parquet', 'ndjson', 'ndjson.gz', 'arrow', 'csv'] as const;

function refused(code: ErrorCode, message: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof PoolTrackerError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

describe('what a query asks', () => {
  const folder = temporaryFolder();

  async function ask(sources: string | readonly string[], sql: string, options: QueryOptions = {}): Promise<Row[]> {
    const query = await DatasetQuery.open(sources, options);
    try {
      const rows: Row[] = [];
      for await (const row of (await query.ask(sql)).rows) rows.push(row);
      return rows;
    } finally {
      await query.close();
    }
  }

  before(async () => {
    const rows = EDGE_INT64.map((value, key) => ({
      key,
      image_id: 'i',
      nonpaged_bytes: value,
      paged_bytes: 0n,
      host: '007',
    }));
    for (const ending of ENDINGS) await writePart(folder.path(`files/tags.${ending}`), POOL_TAG, rows);
    await writePart(folder.path('loose/tags.parquet'), POOL_TAG, rows);
    await writePart(folder.path('loose/image.ndjson'), IMAGE, [{ image_id: 'i', image_path: '/a.raw', status: 'ok' }]);
    await writePart(folder.path('one/pool_tag/v=2/date=2024-01-01/host=a/part-1.parquet'), POOL_TAG, [
      { image_id: 'a', host: 'a', tag: 'Both' },
      { image_id: 'a', host: 'a', tag: 'Here' },
    ]);
    await writePart(folder.path('two/pool_tag/v=1/site=x/part-2.parquet'), POOL_TAG, [
      { image_id: 'b', host: 'b', tag: 'Both' },
    ]);
    await writePart(folder.path('two/image/v=2/site=x/part-2.ndjson'), IMAGE, [{ image_id: 'b', host: 'b' }]);
    mkdirSync(folder.path('empty'));
    mkdirSync(folder.path('other/pictures'), { recursive: true });
    mkdirSync(folder.path('wrong'));
    writeFileSync(folder.path('wrong/some.parquet'), 'PAR1 no');
    writeFileSync(folder.path('memory.raw'), 'no records');
    mkdirSync(folder.path('settings'));
    writeFileSync(folder.path('settings/_dataset.json'), '{"partition":[],"format":"parquet"}');
  });

  for (const [name, found] of [
    ['empty', /found an empty folder/],
    ['empty/', /found an empty folder/],
    ['other', /found other things \(pictures, \.\.\.\)/],
    ['nothing', /found nothing of this name/],
    ['wrong', /found a file that holds none: .*some\.parquet/],
  ] as const) {
    it(`refuses a folder that is no dataset: ${name}`, async () => {
      const end = DatasetQuery.open(folder.path(name));
      await assert.rejects(end, refused('USAGE', found));
      await assert.rejects(
        end,
        refused('USAGE', /is no dataset: expected folders of records \(pool_tag\/v=2, \.\.\.\)/),
      );
    });
  }

  it('refuses what is no file of records, and addresses', async () => {
    await assert.rejects(DatasetQuery.open(folder.path('memory.raw')), refused('USAGE', /memory\.raw: the ending/));
    await assert.rejects(
      DatasetQuery.open(folder.path('wrong/some.parquet')),
      refused('RECORDS_DAMAGED', /some\.parquet/),
    );
    await assert.rejects(DatasetQuery.open('s3://bucket/lake'), refused('USAGE', /found an address/));
  });

  it('a dataset without records is one', async () => {
    assert.deepEqual(await ask(folder.path('settings'), 'SELECT count(*) AS n FROM pool_tags'), [{ n: 0n }]);
  });

  for (const ending of ENDINGS) {
    it(`reads a file of records, every digit: .${ending}`, async () => {
      const rows = await ask(folder.path(`files/tags.${ending}`), 'SELECT host, bytes FROM pool_tags ORDER BY key');
      assert.deepEqual(
        rows,
        EDGE_INT64.map((bytes) => ({ host: '007', bytes })),
      );
    });
  }

  it('reads a folder of files, of several kinds of records', async () => {
    assert.deepEqual(
      await ask(
        folder.path('loose'),
        'SELECT status, count(*) AS n FROM pool_tags JOIN images USING (image_id) GROUP BY ALL',
      ),
      [{ status: 'ok', n: BigInt(EDGE_INT64.length) }],
    );
  });

  it('takes the name of a file for what it is, not for a pattern', async () => {
    for (const name of ["o'brien", 'all[1]', 'a*b', 'what?', 'host=x']) {
      mkdirSync(folder.path(name), { recursive: true });
      await writePart(folder.path(`${name}/t${name}.parquet`), POOL_TAG, [{ host: name }]);
      assert.deepEqual(await ask(folder.path(`${name}/t${name}.parquet`), 'SELECT host FROM pool_tags'), [
        { host: name },
      ]);
    }
  });

  it('shows several sources together, whatever their folders are', async () => {
    const sources = [folder.path('one'), folder.path('two'), folder.path('files/tags.csv')];
    assert.deepEqual(
      await ask(
        sources,
        'SELECT image_id, host, date, site, count(*) AS n FROM pool_tags GROUP BY ALL ORDER BY image_id',
      ),
      [
        { image_id: 'a', host: 'a', date: '2024-01-01', site: null, n: 2n },
        { image_id: 'b', host: 'b', date: null, site: 'x', n: 1n },
        { image_id: 'i', host: '007', date: null, site: null, n: BigInt(EDGE_INT64.length) },
      ],
    );
    assert.deepEqual(await ask(sources, 'SELECT image_id FROM images'), [{ image_id: 'b' }]);
  });

  it('attaches others under names of their own, with every view and question', async () => {
    const attach = { other: folder.path('two'), file: folder.path('files/tags.arrow') };
    const query = await DatasetQuery.open(folder.path('one'), { attach });
    const rows = async (sql: string): Promise<Row[]> => {
      const found: Row[] = [];
      for await (const row of (await query.ask(sql)).rows) found.push(row);
      return found;
    };
    try {
      assert.deepEqual(await rows('SELECT tag FROM pool_tags EXCEPT SELECT tag FROM other.pool_tags'), [
        { tag: 'Here' },
      ]);
      assert.deepEqual(
        await rows(
          `SELECT (SELECT string_agg(DISTINCT host) FROM certain_tags()) AS here, (SELECT string_agg(DISTINCT host) FROM other.certain_tags()) AS there,
            (SELECT string_agg(DISTINCT host) FROM file.certain_tags()) AS file, (SELECT count(*) FROM file.image) AS images`,
        ),
        [{ here: 'a', there: 'b', file: '007', images: 0n }],
      );
      const named =
        "SELECT DISTINCT function_name AS name, len(parameters) AS n FROM duckdb_functions() WHERE function_type = 'table_macro' AND database_name = 'other'";
      const macros = await rows(named);
      assert.ok(macros.length > 12, String(macros.length));
      for (const { name } of macros) {
        const values = name === 'moves_with' ? "'Both'" : name === 'compare' ? "'a', 'b'" : '';
        await rows(`FROM other.${String(name)}(${values})`);
        await rows(`FROM ${String(name)}(${values})`);
      }
      for (const { name } of RECORD_TYPES) await rows(`FROM other.${name}`);
      for (const view of ['images', 'passed_over', 'pool_tags_as_reported', 'tag_series'])
        await rows(`FROM other.${view}`);
      assert.equal((await query.askView('other.top_tags', ['1'])).recordType.columns[0]!.name, 'tag');
    } finally {
      await query.close();
    }
  });

  it('attaches nothing under a name that is taken or is none', async () => {
    for (const name of ['main', 'temp', 'table', 'select', 'Upper', 'a b', '"; DROP'])
      await assert.rejects(
        DatasetQuery.open(folder.path('one'), { attach: { [name]: folder.path('two') } }),
        refused('USAGE', /for an attached dataset/),
      );
    await assert.rejects(
      DatasetQuery.open(folder.path('one'), { attach: { other: folder.path('empty') } }),
      refused('USAGE', /is no dataset/),
    );
  });

  it('reads what it was given and no file beside it', async () => {
    const file = folder.path('files/tags.parquet');
    assert.equal((await ask(file, `FROM read_parquet('${file}')`)).length, EDGE_INT64.length);
    for (const other of ['files/tags.csv', 'loose/tags.parquet', 'memory.raw'])
      await assert.rejects(
        ask(file, `FROM read_text('${folder.path(other)}')`),
        refused('SOURCE_NOT_PERMITTED', /Cannot access/),
      );
  });

  it('reads the older name of a folder, which DuckDB takes for null, and keys that only some files have', async () => {
    const part = (path: string, row: Row): Promise<void> =>
      writePart(folder.path(`older/pool_tag/${path}`), POOL_TAG, [row]);
    await part('v=1/host=NULL/part-1.parquet', { image_id: '1', host: 'NULL' });
    await part('v=2/host=%4EULL/part-2.parquet', { image_id: '2', host: 'NULL' });
    await part('v=2/host=__HIVE_DEFAULT_PARTITION__/part-3.parquet', { image_id: '3', host: null });
    await part('v=2/host=%5F_HIVE_DEFAULT_PARTITION__/part-4.parquet', {
      image_id: '4',
      host: '__HIVE_DEFAULT_PARTITION__',
    });
    const hosts = ['NULL', 'NULL', null, '__HIVE_DEFAULT_PARTITION__'];
    const sql = 'SELECT host FROM pool_tags ORDER BY image_id';
    assert.deepEqual(
      (await ask(folder.path('older'), sql)).map(({ host }) => host),
      hosts,
    );
    // As in the midst of a compaction that leaves out the key.
    await part('v=2/compact-5.parquet', { image_id: '5', host: 'e' });
    assert.deepEqual(
      (await ask(folder.path('older'), sql)).map(({ host }) => host),
      [...hosts, 'e'],
    );
    assert.deepEqual(
      await ask(folder.path('older'), "SELECT image_id FROM pool_tags WHERE host = 'NULL' AND v = '2'"),
      [{ image_id: '2' }],
    );
  });

  it('leaves files unopened that folders rule out', async () => {
    await writePart(folder.path('pruned/pool_tag/v=2/date=2024-01-01/host=a/part-1.parquet'), POOL_TAG, [
      { host: 'a' },
    ]);
    mkdirSync(folder.path('pruned/pool_tag/v=2/date=2024-01-01/host=b'));
    writeFileSync(folder.path('pruned/pool_tag/v=2/date=2024-01-01/host=b/part-2.parquet'), 'no Parquet');
    renameSync(folder.path('pruned/pool_tag/v=2/date=2024-01-01'), folder.path('pruned/pool_tag/v=2/date=2024-01-02'));
    assert.deepEqual(await ask(folder.path('pruned'), "SELECT host, date FROM pool_tags WHERE host = 'a'"), [
      { host: 'a', date: '2024-01-02' },
    ]);
    await assert.rejects(
      ask(folder.path('pruned'), 'SELECT host FROM pool_tags'),
      refused('RECORDS_DAMAGED', /part-2/),
    );
  });

  describe('unsafe', () => {
    const unsafe = { unsafe: true } as const;

    it('reads and writes other files, in several statements', async () => {
      const target = folder.path('written.csv');
      assert.deepEqual(
        await ask(folder.path('one'), `COPY (SELECT tag FROM pool_tags ORDER BY tag) TO '${target}'`, unsafe),
        [{ Count: '2' }],
      );
      assert.equal(readFileSync(target, 'utf8'), 'tag\nBoth\nHere\n');
      assert.deepEqual(
        await ask(
          folder.path('one'),
          `CREATE TABLE t AS SELECT ';' AS sign; SELECT sign, (SELECT count(*) FROM '${target}') AS n FROM t;`,
          unsafe,
        ),
        [{ sign: ';', n: 2n }],
      );
      assert.deepEqual(await ask(folder.path('one'), 'CREATE TABLE t AS SELECT 1', unsafe), [{ Count: '1' }]);
      await assert.rejects(ask(folder.path('one'), ' ; ', unsafe), refused('USAGE', /found none/));
    });

    it('is asked for each time', async () => {
      const target = folder.path('not-written.csv');
      await assert.rejects(ask(folder.path('one'), `COPY (SELECT 1) TO '${target}'`), refused('USAGE', /that selects/));
      assert.equal(existsSync(target), false);
    });
  });

  it('leaves nothing behind in the folder for temporary files', async () => {
    const before = process.env['TMPDIR'];
    const temporary = folder.path('temporary');
    mkdirSync(temporary);
    process.env['TMPDIR'] = temporary;
    try {
      await ask(folder.path('files/tags.arrow'), 'FROM pool_tags');
      await assert.rejects(ask([folder.path('files/tags.arrow'), folder.path('empty')], 'FROM pool_tags'));
      await assert.rejects(ask(folder.path('files/tags.csv'), 'FROM nothing'));
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    assert.deepEqual(readdirSync(temporary), []);
  });
});
