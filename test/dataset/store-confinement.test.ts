import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { compact } from '../../src/dataset/compact/compact.js';
import { Journal } from '../../src/dataset/store/journal.js';
import { LocalStore } from '../../src/dataset/store/local-store.js';
import { Staging } from '../../src/dataset/store/staging.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const OPTIONS = { targetBytes: 1 << 20, graceMs: 0 };

describe('a dataset that was tampered with', () => {
  const folder = temporaryFolder();
  let made = 0;

  /** A dataset, and a folder beside it with files that are older than a day. */
  function dataset(): { lake: string; precious: string } {
    const lake = folder.path(`lake-${made}`);
    const precious = folder.path(`precious-${made++}`);
    mkdirSync(`${lake}/_journal`, { recursive: true });
    mkdirSync(`${precious}/photos`, { recursive: true });
    writeFileSync(`${lake}/_dataset.json`, '{"partition":["date"],"format":"parquet"}\n');
    for (const path of [`${precious}/photos/one.jpg`, `${precious}/host-1`]) {
      writeFileSync(path, 'mine');
      utimesSync(path, 1, 1);
    }
    utimesSync(`${precious}/photos`, 1, 1);
    return { lake, precious };
  }

  const contents = (path: string): string[] => readdirSync(path, { recursive: true }).map(String).sort();

  it('a link in the place of _staging is not followed', async () => {
    const { lake, precious } = dataset();
    const before = contents(precious);
    symlinkSync(precious, `${lake}/_staging`);
    await assert.rejects(compact(lake, OPTIONS), { code: 'OUTPUT_FAILED', message: /_staging is a link/ });
    assert.deepEqual(contents(precious), before);
  });

  it('leftovers in _staging that bear no name of a process stay', async () => {
    const { lake } = dataset();
    mkdirSync(`${lake}/_staging/notes`, { recursive: true });
    utimesSync(`${lake}/_staging/notes`, 1, 1);
    await (await Staging.open(`${lake}/_staging`)).close();
    assert.ok(existsSync(`${lake}/_staging/notes`));
  });

  for (const path of [
    '../precious/host-1',
    'pool_tag/v=2/../../../precious/part-1.parquet',
    '/etc/passwd',
    '_dataset.json',
    'pool_tag/v=2/notes.txt',
    'pool_tag/v=2/part-1.parquet/..',
  ]) {
    it(`a journal that names ${path} is refused, and nothing is removed`, async () => {
      const { lake, precious } = dataset();
      const before = [...contents(precious), ...contents(lake)];
      const entry = {
        type: 'compaction',
        at: 1,
        id: 'x',
        owner: 'gone-1',
        state: 'begun',
        inputs: [path],
        outputs: [],
        record: 'pool_tag',
        folder: '',
        images: [],
      };
      writeFileSync(`${lake}/_journal/x.ndjson`, `${JSON.stringify(entry)}\n`);
      await assert.rejects(compact(lake, OPTIONS), { code: 'RECORDS_DAMAGED', message: /no file of records/ });
      assert.deepEqual(
        [...contents(precious), ...contents(lake)].filter((name) => !name.startsWith('_')),
        [...before, '_journal/x.ndjson'].filter((name) => !name.startsWith('_')),
      );
    });
  }

  it('a journal of other types than its own is passed over', async () => {
    const { lake } = dataset();
    writeFileSync(
      `${lake}/_journal/x.ndjson`,
      ['7', 'null', '[]', '{"type":"image","source":1}', '{"type":"compaction","id":"a","inputs":7}', '{"type":'].join(
        '\n',
      ),
    );
    const journal = await Journal.load(new LocalStore(lake));
    assert.deepEqual(journal.openCompactions(), []);
  });

  it('a store touches nothing outside, by names or through links', async () => {
    const { lake, precious } = dataset();
    const store = new LocalStore(lake);
    symlinkSync(precious, `${lake}/pool_tag`);
    writeFileSync(`${lake}/file`, '');
    for (const path of ['../x', 'a/../../x', '/x', 'a//b', 'a/./b', '', 'a\0b', 'a\\..\\b', 'pool_tag/host-1']) {
      for (const act of [
        () => store.remove(path),
        () => store.open(path),
        () => store.publish(`${lake}/file`, path),
        () => store.openLog(path),
        () => store.localPath(path),
      ])
        await assert.rejects(act(), { code: 'OUTPUT_FAILED', message: /refused to touch/ }, path);
    }
    await assert.rejects(store.list('pool_tag').next(), { message: /refused to touch/ });
    assert.ok(existsSync(`${precious}/host-1`) && existsSync(`${lake}/file`));
  });

  it('a dataset that is itself a link works', async () => {
    const { lake } = dataset();
    symlinkSync(lake, folder.path('link'));
    const store = new LocalStore(folder.path('link'));
    writeFileSync(folder.path('local'), 'x');
    await store.publish(folder.path('local'), 'pool_tag/v=2/part-1.parquet');
    assert.ok(existsSync(`${lake}/pool_tag/v=2/part-1.parquet`));
    await store.remove('pool_tag/v=2/part-1.parquet');
    assert.ok(!existsSync(`${lake}/pool_tag`));
  });
});
