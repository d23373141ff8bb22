import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatasetQuery } from '../../../src/dataset/query/query.js';
import { MadeOnDemand } from '../../../src/dataset/query/made-on-demand.js';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import type { Row } from '../../../src/record/schema/record-type.js';
import { emptyDuckdb } from '../../support/records/questions.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';
import { writePart } from '../../support/records/write-part.js';

const SCRIPT = readFileSync(new URL('../../../schemas/duckdb.sql', import.meta.url), 'utf8');
const MADE = [...SCRIPT.matchAll(/^CREATE OR REPLACE TEMP (VIEW|MACRO) (\w+)/gm)].map(([, kind, name]) => ({
  kind,
  name: name!,
}));

/** The names that statements make, in their order. */
function namesIn(statements: string): string[] {
  return [...statements.matchAll(/^(?:SET VARIABLE|CREATE OR REPLACE TEMP \w+) (\w+)/gm)].map(([, name]) => name!);
}

describe('views and questions that are made when they are asked for', () => {
  const folder = temporaryFolder();

  it('all of the script, once, where anything may be asked', () => {
    const parts = new MadeOnDemand(SCRIPT);
    assert.equal(parts.isWhole, false);
    assert.deepEqual(namesIn(parts.take(null)), namesIn(SCRIPT));
    assert.equal(parts.isWhole, true);
    assert.equal(parts.take(null), '');
  });

  it('nothing for a statement that names nothing of it', () =>
    assert.equal(new MadeOnDemand(SCRIPT).take('SELECT 1 AS one'), ''));

  for (const statement of [
    'SHOW TABLES',
    'select view_name from duckdb_views()',
    'FROM information_schema.tables',
    "FROM query_table('pool_' || 'tag')",
    "FROM QUERY('FROM pool_' || 'tag')",
  ])
    it(`all of it for what asks what there is, or runs texts: ${statement}`, () => {
      const parts = new MadeOnDemand(SCRIPT);
      parts.take(statement);
      assert.equal(parts.isWhole, true);
    });

  it('a view in whatever letters and quotes it is named, and what it needs before it', () => {
    const taken = namesIn(new MadeOnDemand(SCRIPT).take('SELECT count(*) FROM "Pool_Tags"'));
    assert.equal(taken.at(-1), 'pool_tags');
    assert.ok(taken.includes('pool_tag_query') && !taken.includes('process') && !taken.includes('leaks'), taken.join());
  });

  it('what is made already is not made again; variables, which say what files there are, are set again', () => {
    const parts = new MadeOnDemand(SCRIPT);
    parts.take('pool_tag');
    const later = namesIn(parts.take('image'));
    assert.deepEqual(
      [later.includes('merging_files_query'), later.includes('pool_tag'), later.at(-1)],
      [true, false, 'image'],
    );
    assert.equal(parts.take('pool_tag JOIN image'), '');
  });

  it('each view and macro can be made alone', async () => {
    for (const { kind, name } of MADE) {
      const connection = await emptyDuckdb(folder.path('none'));
      await connection.run(new MadeOnDemand(SCRIPT).take(name));
      if (kind === 'VIEW') await connection.run(`FROM ${name}`);
      connection.closeSync();
    }
  });

  describe('in a session', () => {
    let query: DatasetQuery;
    before(async () => {
      await writePart(folder.path('lake/pool_tag/v=2/part-1.parquet'), POOL_TAG, [{ tag: 'Proc', key: 1 }]);
    });
    beforeEach(async () => {
      query = await DatasetQuery.open(folder.path('lake'), { attach: { other: folder.path('lake') } });
    });
    afterEach(() => query.close());

    async function ask(sql: string): Promise<Row[]> {
      const rows: Row[] = [];
      for await (const row of (await query.ask(sql)).rows) rows.push(row);
      return rows;
    }

    it('names put together of texts are found, and tables are listed', async () => {
      assert.deepEqual(await ask("SELECT tag FROM query_table('pool_' || 'tags')"), [{ tag: 'Proc' }]);
      const names = (await ask('SELECT name FROM (SHOW TABLES)')).map(({ name }) => name);
      assert.ok(names.includes('process') && names.includes('tag_series'), names.join());
    });

    it('a name that there is not: told with what there is', async () => {
      await assert.rejects(
        ask('FROM pool_tag_livez'),
        /Table with name pool_tag_livez does not exist! Did you mean "pool_tag_live/,
      );
      assert.deepEqual(await ask('SELECT tag FROM pool_tag'), [{ tag: 'Proc' }]);
    });

    it('views of an attached dataset come with the first question that names it', async () => {
      assert.deepEqual(await ask('SELECT tag FROM pool_tags'), [{ tag: 'Proc' }]);
      assert.deepEqual(await ask('SELECT a.tag FROM Other.pool_tags a JOIN pool_tags USING (tag)'), [{ tag: 'Proc' }]);
    });
  });
});
