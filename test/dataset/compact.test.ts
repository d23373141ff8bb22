import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { rowOrder, sortedRows } from '../../src/dataset/compact/sorted-rows.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import type { Row } from '../../src/record/schema/record-type.js';
import { ended, runCli, startCli } from '../support/compiled-cli.js';
import { datasetFiles, datasetRows } from '../support/dataset-content.js';
import { writeSmallImages } from '../support/dataset-images.js';
import { queryDuckdb } from '../support/duckdb.js';
import { Random } from '../support/generate/random.js';
import { edgeRows } from '../support/record-rows.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const IMAGES = 12;

describe('sorting rows', () => {
  const folder = temporaryFolder();

  it('any number of rows in runs of any size: all of them, in order', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 1, max: 50 }), async (rows, runRows) => {
        const path = folder.path(`runs-${count++}`);
        await mkdir(path);
        const input = edgeRows(POOL_TAG, rows);
        async function* all(): AsyncGenerator<Row> {
          yield* input;
        }
        const sorted: Row[] = [];
        for await (const row of sortedRows(all(), POOL_TAG, path, runRows)) sorted.push(row);
        const compare = rowOrder(POOL_TAG);
        for (let index = 1; index < sorted.length; index++) assert.ok(compare(sorted[index - 1]!, sorted[index]!) <= 0);
        const texts = (of: readonly Row[]): string[] => of.map((row) => Object.values(row).join('|')).sort();
        assert.deepEqual(texts(sorted), texts(input));
      }),
      { numRuns: 15 },
    );
  });
});

describe('the command compact', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const lake = (): string => folder.path('lake');
  const rows = async (dataset: string, record: string): Promise<string[]> =>
    (await datasetRows(dataset, record)).map(({ file: _, ...row }) => Object.values(row).map(String).join('|')).sort();
  const batch = (dataset: string, ...more: string[]): ReturnType<typeof runCli> =>
    runCli(['batch', folder.path('dumps'), '--out', dataset, '--label-from', '/(?<host>[^/]+)/[^/]+$', ...more]);

  before(async () => {
    await writeSmallImages(folder.path('dumps'), IMAGES);
    const end = await batch(lake(), '--partition', 'host,date');
    assert.equal(end.status, 0, end.stderr);
  });

  it('one file for each partition that stays; the same rows, sorted by tag; nothing left to merge, nothing done again', async () => {
    const dataset = folder.path('merged');
    await cp(lake(), dataset, { recursive: true, preserveTimestamps: true });
    assert.match((await runCli(['compact', dataset, '--grace', '0'])).stderr, /^nothing to merge\n$/);
    assert.match(
      (await runCli(['compact', dataset, '--grace', '0', '--partition', 'host'])).stderr,
      new RegExp(`^${2 * IMAGES} files merged into 4, \\d+ records\n$`),
    );
    const files = await datasetFiles(dataset);
    assert.equal(
      files.filter((path) => /^(pool_tag|image)\/v=1\/host=web[01]\/compact-[0-9a-f]{32}-0\.parquet$/.test(path))
        .length,
      4,
    );
    assert.equal(files.length, 5);
    for (const record of ['pool_tag', 'image'])
      assert.deepEqual(await rows(dataset, record), await rows(lake(), record));
    for (const path of files.filter((name) => name.startsWith('pool_tag/'))) {
      const [sorted] = await queryDuckdb(
        `SELECT bool_and(tag >= before) AS sorted FROM (SELECT tag, lag(tag, 1, '') OVER (ORDER BY file_row_number) AS before FROM read_parquet('${dataset}/${path}', file_row_number = true))`,
      );
      assert.equal(sorted!['sorted'], true);
    }
    assert.match((await runCli(['compact', dataset, '--grace', '0'])).stderr, /^nothing to merge\n$/);
    for (const more of [[], ['--force']]) {
      assert.equal((await batch(dataset, ...more)).status, 0);
      assert.deepEqual(await datasetFiles(dataset), files);
    }
  });

  it('the target size bounds the files, and each has its own range of tags', async () => {
    const dataset = folder.path('sized');
    await batch(dataset, '--format', 'ndjson', '--partition', 'host');
    const before = (await datasetFiles(dataset)).filter((path) => path.startsWith('pool_tag/'));
    assert.equal(before.length, IMAGES);
    assert.equal((await runCli(['compact', dataset, '--grace', '0', '--target-size', '1'])).status, 0);
    const after = (await datasetFiles(dataset)).filter((path) => path.startsWith('pool_tag/'));
    assert.equal(after.length, 2);
    const lines = async (paths: readonly string[]): Promise<string[]> =>
      (await Promise.all(paths.map((path) => readFile(`${dataset}/${path}`, 'utf8'))))
        .flatMap((text) => text.trim().split('\n'))
        .sort();
    assert.equal((await lines(after)).length, (await rows(lake(), 'pool_tag')).length);
  });

  it('a reader at work meanwhile misses no row; at most the one query that straddles the removal has to be asked again', async () => {
    const dataset = folder.path('read');
    await cp(lake(), dataset, { recursive: true, preserveTimestamps: true });
    const expected = (await rows(dataset, 'pool_tag')).length;
    const child = startCli(['compact', dataset, '--grace', '2', '--partition', 'host']);
    const end = ended(child);
    let over = false;
    void end.then(() => {
      over = true;
    });
    let reads = 0;
    let straddling = 0;
    while (!over) {
      const answer = await queryDuckdb(
        `SELECT count(*) AS all_rows, count(DISTINCT (image_id, tag, key, place)) AS rows FROM read_parquet('${dataset}/pool_tag/**/*.parquet', hive_partitioning = false)`,
      ).catch((error: Error) => {
        assert.match(error.message, /No such file or directory/);
        return null;
      });
      if (answer === null) straddling++;
      else assert.equal(Number(answer[0]!['rows']), expected);
      reads++;
      await delay(20);
    }
    assert.equal((await end).status, 0, (await end).stderr);
    assert.ok(reads > 5);
    assert.ok(straddling <= 1, `${straddling} queries met a missing file`);
    assert.equal((await rows(dataset, 'pool_tag')).length, expected);
  });

  it('kill -9 at random moments: whoever comes next ends it, and no row is lost or twice', async () => {
    const random = new Random(3);
    const expected = [await rows(lake(), 'pool_tag'), await rows(lake(), 'image')];
    const dataset = folder.path('killed');
    for (let round = 0; round < 6; round++) {
      const copy = `${dataset}-${round}`;
      await cp(lake(), copy, { recursive: true, preserveTimestamps: true });
      for (let kill = 0; kill < 2; kill++) {
        const child = startCli(['compact', copy, '--grace', '0', '--partition', 'host']);
        const end = ended(child);
        await Promise.race([end, delay(200 + random.below(700))]);
        child.kill('SIGKILL');
        await end;
      }
      // A batch ends what is begun; what was not begun stays to be merged.
      assert.equal((await batch(copy)).status, 0);
      assert.deepEqual([await rows(copy, 'pool_tag'), await rows(copy, 'image')], expected);
      assert.equal((await runCli(['compact', copy, '--grace', '0', '--partition', 'host'])).status, 0);
      assert.deepEqual([await rows(copy, 'pool_tag'), await rows(copy, 'image')], expected);
      assert.equal((await datasetFiles(copy)).length, 5);
    }
  });

  it('two at once are refused; so are a folder that is no dataset and keys that it does not have', async () => {
    const dataset = folder.path('busy');
    await cp(lake(), dataset, { recursive: true, preserveTimestamps: true });
    const [journal] = await readdir(`${dataset}/_journal`);
    const owner = JSON.stringify(`${/^(.*)-\d+-\d+\.ndjson$/.exec(journal!)![1]}-${process.pid}`);
    await appendFile(
      `${dataset}/_journal/other.ndjson`,
      `{"type":"compaction","at":${Date.now()},"id":"run x","owner":${owner},"state":"begun","record":"","folder":"","inputs":[],"outputs":[],"images":[]}\n`,
    );
    const busy = await runCli(['compact', dataset]);
    assert.equal(busy.status, 2);
    assert.match(busy.stderr, /another compaction is at work/);
    assert.equal((await runCli(['compact', folder.path('dumps')])).status, 2);
    assert.equal((await runCli(['compact', lake(), '--partition', 'site'])).status, 2);
  });
});
