import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { rowOrder, sortedRows } from '../../src/dataset/compact/sorted-rows.js';
import { POOL_TAG } from '../../src/record/schema/record-types.js';
import type { Row } from '../../src/record/schema/record-type.js';
import { runCli } from '../support/run/cli.js';
import { runByStep, runUntilStep } from '../support/run/disk-steps.js';
import { datasetFiles, datasetRows } from '../support/records/dataset-content.js';
import { writeSmallImages } from '../support/images/dataset-images.js';
import { queryDuckdb } from '../support/records/duckdb.js';
import { assertAsyncProperty, sweep } from '../support/lanes/property.js';
import { killPoints } from '../support/lanes/seeds.js';
import { edgeRows } from '../support/records/record-rows.js';
import { temporaryFolder } from '../support/run/temporary-folder.js';

const IMAGES = 12;

describe('sorting rows', () => {
  const folder = temporaryFolder();

  it('any number of rows in runs of any size: all of them, in order', async () => {
    let count = 0;
    await assertAsyncProperty(
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

describe('the command compact', () => {
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
      files.filter((path) => /^(pool_tag|image)\/v=2\/host=web[01]\/compact-[0-9a-f]{32}-0\.parquet$/.test(path))
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

  it('a reader misses no row, whichever of its changes on the disk comes next', async () => {
    const dataset = folder.path('read');
    await cp(lake(), dataset, { recursive: true, preserveTimestamps: true });
    const expected = (await rows(dataset, 'pool_tag')).length;
    const removed = /^unlink .*part-[0-9a-f]{32}\.parquet$/;
    let changes: string[] = [];
    const { status, stderr } = await runByStep(
      ['compact', dataset, '--grace', '0', '--partition', 'host'],
      async (change) => {
        const isRemoval = removed.test(change) && changes.some((earlier) => removed.test(earlier));
        changes = [...changes, change];
        // Files are removed one by one, and none of them is needed any more: every fifth is enough.
        if (isRemoval && changes.length % 5 !== 0) return;
        const [answer] = await queryDuckdb(
          `SELECT count(DISTINCT (image_id, tag, key, place)) AS rows FROM read_parquet('${dataset}/pool_tag/v=*/**/*.parquet', hive_partitioning = false)`,
        );
        assert.equal(Number(answer!['rows']), expected, change);
      },
    );
    assert.equal(status, 0, stderr);
    const firstRemoved = changes.findIndex((change) => removed.test(change));
    const lastMerged = changes.findLastIndex((change) => /^rename .*compact-/.test(change));
    assert.ok(lastMerged > 0 && firstRemoved > lastMerged, 'nothing goes before all new files are in their places');
    assert.equal(changes.filter((change) => removed.test(change)).length, 2 * IMAGES);
    assert.equal((await rows(dataset, 'pool_tag')).length, expected);
  });

  it('kill -9 before any change on the disk: whoever comes next ends it, and no row is lost or twice', async () => {
    const expected = [await rows(lake(), 'pool_tag'), await rows(lake(), 'image')];
    const command = (dataset: string): string[] => ['compact', dataset, '--grace', '0', '--partition', 'host'];
    const copyOf = async (name: string): Promise<string> => {
      await cp(lake(), folder.path(name), { recursive: true, preserveTimestamps: true });
      return folder.path(name);
    };
    let steps = 0;
    assert.equal((await runByStep(command(await copyOf('counted')), () => void steps++)).status, 0);
    await sweep(3, async (random) => {
      for (let round = 0; round < killPoints(4); round++) {
        const copy = await copyOf(`killed-${random.u32()}`);
        const killed = await runUntilStep(command(copy), 'main', 1 + random.below(steps));
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        await runUntilStep(command(copy), 'main', 1 + random.below(steps));
        // A batch ends what is begun; what was not begun stays to be merged.
        assert.equal((await batch(copy)).status, 0);
        assert.deepEqual([await rows(copy, 'pool_tag'), await rows(copy, 'image')], expected);
        assert.equal((await runCli(command(copy))).status, 0);
        assert.deepEqual([await rows(copy, 'pool_tag'), await rows(copy, 'image')], expected);
        assert.equal((await datasetFiles(copy)).length, 5);
      }
    });
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
