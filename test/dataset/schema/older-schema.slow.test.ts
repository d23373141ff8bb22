import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openRecords } from '../../../src/sink/readers.js';
import { writeSample } from '../../support/images/samples.js';
import { writeSmallImage } from '../../support/images/dataset-images.js';
import { datasetFiles } from '../../support/records/dataset-content.js';
import { runCli } from '../../support/run/cli.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

/** As schema version 1 wrote it: the sample unknown-kernel.raw on host old01, pool_tag and image records. */
const VERSION_1 = fileURLToPath(new URL('version-1/', import.meta.url));
const OLD_IMAGE = '4bbe7df2f9ef4715ad07e4102492050c';
const OLD_TAGS = 400;

describe('a dataset of schema version 1', () => {
  const folder = temporaryFolder();
  const sample = (): string => folder.path('unknown-kernel.raw');
  let count = 0;

  /** A copy whose image is the sample's file here. */
  async function copy(): Promise<string> {
    const dataset = folder.path(`lake-${count++}`);
    await cp(VERSION_1, dataset, { recursive: true });
    const journal = `${dataset}/_journal/batch-1.ndjson`;
    await writeFile(journal, (await readFile(journal, 'utf8')).replace('/dumps/unknown-kernel.raw', sample()));
    return dataset;
  }

  async function ask(dataset: string, sql: string): Promise<unknown[]> {
    const { status, stdout, stderr } = await runCli(['query', dataset, sql, '--format', 'ndjson']);
    assert.equal(status, 0, stderr);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
  }

  const perImage = `SELECT image_id, any_value(host) AS host, any_value(schema_version) AS version, count(*)::INTEGER AS tags,
    count(consistency)::INTEGER AS told, any_value(system) AS system FROM pool_tag GROUP BY image_id ORDER BY host DESC, image_id`;
  const OLD = { image_id: OLD_IMAGE, host: 'old01', version: 1, tags: OLD_TAGS, told: 0, system: null };

  before(async () => {
    writeSample('unknown-kernel.raw', sample());
    await writeSmallImage(folder.path('new.raw'), 3);
  });

  it('is read file by file; what it lacks is null', async () => {
    const [path] = (await datasetFiles(VERSION_1.replace(/\/$/, ''))).filter((file) => file.startsWith('pool_tag/'));
    const { recordType, rows } = await openRecords(`${VERSION_1}${path}`);
    let tags = 0;
    for await (const row of rows) {
      tags++;
      assert.deepEqual([row['schema_version'], row['consistency'] ?? null, row['system'] ?? null], [1, null, null]);
    }
    assert.deepEqual([recordType?.name, tags], ['pool_tag', OLD_TAGS]);
  });

  it('takes in images of version 2; both are asked together, in views and questions', async () => {
    const dataset = await copy();
    const { status, stderr } = await runCli(['batch', folder.path('new.raw'), '--out', dataset, '--label', 'host=new']);
    assert.equal(status, 0, stderr);
    const [old, young] = (await ask(dataset, perImage)) as [typeof OLD, typeof OLD];
    assert.deepEqual(old, OLD);
    assert.deepEqual([young.host, young.version, young.told === young.tags, young.system], ['new', 2, true, 0]);
    assert.deepEqual(await ask(dataset, 'SELECT count(DISTINCT image_id)::INTEGER AS images FROM pool_tags'), [
      { images: 2 },
    ]);
    assert.deepEqual(await ask(dataset, 'SELECT max(hosts)::INTEGER AS hosts FROM top_tags(10000)'), [{ hosts: 2 }]);
  });

  it('done again with --force, an image is there once, as version 2', async () => {
    const dataset = await copy();
    const { status, stderr } = await runCli(['batch', sample(), '--out', dataset, '--label', 'host=old01', '--force']);
    assert.equal(status, 0, stderr);
    assert.deepEqual(await ask(dataset, perImage), [{ ...OLD, version: 2, told: OLD_TAGS, system: 0 }]);
    assert.ok((await datasetFiles(dataset)).every((path) => !path.includes('/v=1/')));
  });

  it('is compacted together with version 2: every row once', async () => {
    const dataset = await copy();
    const words = ['batch', folder.path('new.raw'), '--out', dataset, '--label', 'host=old01', '--label', 'date=x'];
    assert.equal((await runCli(words)).status, 0);
    const before = await ask(dataset, perImage);
    const { status, stderr } = await runCli(['compact', dataset, '--grace', '0', '--partition', 'host']);
    assert.equal(status, 0, stderr);
    assert.deepEqual(await ask(dataset, perImage), before);
    const files = (await datasetFiles(dataset)).filter((path) => path.endsWith('.parquet'));
    assert.ok(
      files.every((path) => path.includes('/v=2/host=old01/compact-')),
      files.join('\n'),
    );
  });
});
