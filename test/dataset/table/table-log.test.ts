import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { compact } from '../../../src/dataset/compact/compact.js';
import { Publisher } from '../../../src/dataset/ingest/publisher.js';
import { Journal } from '../../../src/dataset/store/journal.js';
import { openStore } from '../../../src/dataset/store/open-store.js';
import { TABLE_FORMATS } from '../../../src/dataset/store/dataset-settings.js';
import { type TableLog, tableSummaries } from '../../../src/dataset/table/table.js';
import { emptyDataset, followFiles, withTables, writeTags } from '../../support/records/table-dataset.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

const FORMS = TABLE_FORMATS.filter((form) => form !== 'none');
const idOf = (number: number): string => String(number).repeat(32);

describe('the logs of tables', () => {
  const folder = temporaryFolder();
  const write = async (dataset: string, log: TableLog, number: number): Promise<void> => {
    const id = idOf(number);
    const path = await writeTags(dataset, id, [{ key: number, image_id: id, host: 'a' }], []);
    await log.describe(path, `${dataset}/${path}`);
    await log.added(path);
  };
  const rows = async (dataset: string): Promise<(number | null)[]> =>
    (await tableSummaries(dataset)).map((summary) => summary.rows);

  it('tell when they are closed that a commit which was under way has failed, and what of', async () => {
    const dataset = folder.path('failing');
    await emptyDataset(dataset, 'delta', []);
    const inTheWay = `${dataset}/pool_tag/_delta_log`;
    await mkdir(`${dataset}/pool_tag`, { recursive: true });
    await writeFile(inTheWay, '');
    await withTables(dataset, 1, async ([log]) => {
      await write(dataset, log!, 1);
      const underWay = log!.flush();
      const closed = log!.close();
      await assert.rejects(underWay, { code: 'OUTPUT_FAILED' });
      await assert.rejects(closed, { code: 'OUTPUT_FAILED' });
      await rm(inTheWay);
    });
    assert.deepEqual(await rows(dataset), [1]);
  });

  it('of Iceberg go on in one row of versions behind a table that was removed', async () => {
    const dataset = folder.path('again');
    await emptyDataset(dataset, 'iceberg', []);
    await withTables(dataset, 2, async ([rebuilding, batch]) => {
      for (const number of [1, 2, 3, 4]) {
        await write(dataset, rebuilding!, number);
        await rebuilding!.flush();
      }
      await rebuilding!.clear();
      await write(dataset, batch!, 5);
      await batch!.flush();
      await rebuilding!.reconcile();
      await write(dataset, batch!, 6);
    });
    const versions = (await readdir(`${dataset}/pool_tag/metadata`)).filter((name) => name.endsWith('.metadata.json'));
    assert.deepEqual(versions.sort(), ['v1.metadata.json', 'v2.metadata.json', 'v3.metadata.json']);
    assert.deepEqual(await rows(dataset), [6]);
  });

  for (const form of FORMS)
    it(`do not list what a batch that began before a compaction writes again: ${form}`, async () => {
      const dataset = folder.path(`stale-${form}`);
      await emptyDataset(dataset, form, []);
      for (const number of [1, 2])
        await writeTags(dataset, idOf(number), [{ key: number, image_id: idOf(number) }], []);
      const again = folder.path(`${form}.parquet`);
      const [first] = (await readdir(`${dataset}/pool_tag/v=2`)).sort();
      await cp(`${dataset}/pool_tag/v=2/${first!}`, again);
      await followFiles(dataset);
      const tables = (await rows(dataset)).length;
      const store = openStore(dataset);
      const journal = await Journal.load(store);
      await withTables(dataset, 1, async ([log]) => {
        await log!.reconcile();
        const publisher = await Publisher.open(store, journal, 'parquet', log!);
        await compact(dataset, { targetBytes: 1 << 28, graceMs: 0 });
        await publisher.publish('/dumps/a.raw', 'v2', {
          kind: 'scanned',
          status: 'ok',
          imageId: idOf(1),
          folder: '',
          files: [{ record: 'pool_tag', path: again }],
          rows: 1,
          bytesRead: 0,
          elapsedMs: 0,
          warnings: 0,
          failure: null,
        });
      });
      await journal.close();
      const expected = Array.from({ length: tables }, () => 2);
      assert.deepEqual(await rows(dataset), expected);
      await followFiles(dataset);
      assert.deepEqual(await rows(dataset), expected);
    });
});
