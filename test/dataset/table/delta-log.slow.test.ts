import assert from 'node:assert/strict';
import { appendFile, cp, link, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existingSettings } from '../../../src/dataset/store/dataset-settings.js';
import { openStore } from '../../../src/dataset/store/open-store.js';
import { Staging } from '../../../src/dataset/store/staging.js';
import { TableLog } from '../../../src/dataset/table/table.js';
import { DatasetQuery } from '../../../src/dataset/query/query.js';
import { IMAGE, POOL_TAG } from '../../../src/record/schema/record-types.js';
import { captureDay, writeSmallImage, writeSmallImages } from '../../support/images/dataset-images.js';
import { sweep } from '../../support/lanes/property.js';
import { killPoints } from '../../support/lanes/seeds.js';
import { canAskClickhouse, deltaRows, fileRows, queryClickhouse } from '../../support/records/clickhouse.js';
import { datasetFiles } from '../../support/records/dataset-content.js';
import { emptyDataset, withTables, writeTags } from '../../support/records/table-dataset.js';
import { type CliEnd, runCli } from '../../support/run/cli.js';
import { runByStep, runUntilStep } from '../../support/run/disk-steps.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

const IMAGES = 4;
const RECORDS = [POOL_TAG, IMAGE];

describe('the Delta tables of a dataset, as ClickHouse reads them', () => {
  const folder = temporaryFolder();
  const lake = (): string => folder.path('lake');
  const batch = (dataset: string, ...more: string[]): Promise<CliEnd> =>
    runCli(['batch', folder.path('dumps'), '--out', dataset, '--label-from', '/(?<host>[^/]+)/[^/]+$', ...more]);
  const merge = (dataset: string): string[] => ['compact', dataset, '--grace', '0', '--partition', 'host'];
  const copyOf = async (name: string): Promise<string> => {
    await cp(lake(), folder.path(name), { recursive: true, preserveTimestamps: true });
    return folder.path(name);
  };
  const commits = async (dataset: string, record = 'pool_tag'): Promise<string[]> =>
    (await readdir(`${dataset}/${record}/_delta_log`)).sort();
  const agree = async (dataset: string): Promise<void> => {
    for (const record of RECORDS)
      assert.deepEqual(await deltaRows(`${dataset}/${record.name}`, record), await fileRows(dataset, record));
  };
  /** How many records of tags `query` sees. */
  const asked = async (dataset: string): Promise<number> => {
    const query = await DatasetQuery.open([dataset]);
    try {
      for await (const row of (await query.ask('SELECT count(*) AS n FROM pool_tag')).rows) return Number(row['n']);
      throw new Error('no answer');
    } finally {
      await query.close();
    }
  };
  let expected: string[] = [];

  before(async function () {
    if (!(await canAskClickhouse())) this.skip();
    await writeSmallImages(folder.path('dumps'), IMAGES);
    const end = await batch(lake(), '--partition', 'host,date');
    assert.equal(end.status, 0, end.stderr);
    expected = await fileRows(lake(), POOL_TAG);
  });

  it('hold every value that DuckDB reads in the files, partitions too, in few commits', async () => {
    assert.ok(expected.length >= IMAGES * 40, `${expected.length} rows`);
    await agree(lake());
    const [days] = await queryClickhouse(
      `SELECT count(DISTINCT date) AS days, groupUniqArray(host) AS hosts FROM deltaLakeLocal('${lake()}/pool_tag')`,
    );
    assert.deepEqual([Number(days!['days']), (days!['hosts'] as string[]).sort()], [IMAGES, ['web0', 'web1']]);
    assert.deepEqual(await commits(lake()), ['00000000000000000000.json']);
  });

  it('and statistics that are those of the files', async () => {
    const lines = (await readFile(`${lake()}/pool_tag/_delta_log/00000000000000000000.json`, 'utf8'))
      .trim()
      .split('\n');
    const adds = lines
      .map((line) => JSON.parse(line) as { add?: { path: string; stats: string } })
      .filter(({ add }) => add);
    assert.equal(adds.length, IMAGES);
    for (const { add } of adds) {
      const stats = JSON.parse(add!.stats) as Record<string, Record<string, unknown>> & { numRecords: number };
      const table = `file('${lake()}/pool_tag/${decodeURIComponent(add!.path)}', Parquet)`;
      const [found] = await queryClickhouse(
        `SELECT toUInt32(count()) AS rows, min(tag) AS least, max(tag) AS most, toUInt32(min(key)) AS least_key, toUInt32(max(key)) AS most_key, toInt32(countIf(isNull(description))) AS nulls FROM ${table}`,
      );
      const bounds = (of: Record<string, unknown>): unknown[] => [of['tag'], of['key']];
      assert.deepEqual(
        [stats.numRecords, ...bounds(stats['minValues']!), ...bounds(stats['maxValues']!)],
        [found!['rows'], found!['least'], found!['least_key'], found!['most'], found!['most_key']],
      );
    }
  });

  it('never show a row twice or miss one, whichever change on the disk a compaction makes next', async () => {
    const dataset = await copyOf('stepped');
    let looked = 0;
    let isSeen = true;
    const { status, stderr } = await runByStep(merge(dataset), async (change) => {
      if (/^(mkdir|mkdtemp|appendFile|datasync|sync|write)/.test(change)) return;
      assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG), expected, change);
      // A query takes longer: where the last change was of something that readers see.
      if (isSeen) assert.equal(await asked(dataset), expected.length, change);
      isSeen = /^(rename|link|unlink)/.test(change);
      looked++;
    });
    assert.equal(status, 0, stderr);
    assert.ok(looked > 2 * IMAGES, `${looked} moments`);
    await agree(dataset);
    const state = await runCli(['table', 'show', dataset]);
    assert.match(
      state.stdout,
      new RegExp(
        `^pool_tag \\(delta\\): version 1, 2 files of \\d+ bytes, ${expected.length} rows, ${IMAGES} files of earlier versions$`,
        'm',
      ),
    );
  });

  it('earlier versions stay readable with --keep-old, nobody sees rows twice, and vacuum ends that', async () => {
    const dataset = await copyOf('kept');
    const kept = (): Promise<string[]> => datasetFiles(dataset);
    const before = await kept();
    for (const command of [[...merge(dataset), '--keep-old'], merge(dataset)])
      assert.equal((await runCli(command)).status, 0);
    assert.equal((await kept()).length, before.length + 4, 'the second had nothing to merge');
    assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG), expected);
    assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG, 0), expected);
    assert.equal(await asked(dataset), expected.length);
    assert.equal((await batch(dataset)).status, 0);
    assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG), expected);
    assert.equal(
      (await runCli(['table', 'vacuum', dataset])).stderr,
      '0 files of earlier versions and 0 files of the log removed\n',
    );
    assert.match(
      (await runCli(['table', 'vacuum', dataset, '--older-than', '0'])).stderr,
      new RegExp(`^${2 * IMAGES} files`),
    );
    assert.equal((await kept()).length, 5);
    assert.match(
      (await runCli(['table', 'vacuum', dataset, '--older-than', '0'])).stderr,
      /^0 files of earlier versions/,
      'they are gone',
    );
    await agree(dataset);
    assert.equal((await runCli(['compact', folder.path('none'), '--keep-old'])).status, 2);
  });

  it('rebuilt from a folder that keeps old files, rows are there once, with a log and without', async () => {
    for (const kind of ['delta', 'none']) {
      const dataset = await copyOf(`again-${kind}`);
      assert.equal((await runCli([...merge(dataset), '--keep-old'])).status, 0);
      assert.equal((await runCli(['table', 'rebuild', dataset, '--table', kind])).status, 0);
      assert.equal((await datasetFiles(dataset)).length, 5);
      assert.deepEqual(await fileRows(dataset, POOL_TAG), expected);
      assert.equal(await asked(dataset), expected.length);
      if (kind === 'delta') await agree(dataset);
    }
  });

  it('a process that began before keys were left out does not bring them back', async () => {
    const dataset = await copyOf('before');
    const store = openStore(dataset);
    const settings = await existingSettings(store);
    const staging = await Staging.open(store.stagingFolder);
    try {
      const log = (await TableLog.of(store, staging, settings))!;
      await log.reconcile();
      assert.equal((await runCli([...merge(dataset).slice(0, -1), 'date'])).status, 0);
      await agree(dataset);
      await writeSmallImage(folder.path('late.raw'), 30);
      const late = await runCli(['batch', folder.path('late.raw'), '--out', dataset, '--label', 'host=web9']);
      assert.equal(late.status, 0, late.stderr);
      await log.reconcile();
      await log.close();
      await agree(dataset);
    } finally {
      await staging.close();
    }
  });

  it('are whole again after kill -9 at any change on the disk of a compaction', async () => {
    const counted = await copyOf('counted');
    let steps = 0;
    assert.equal((await runByStep(merge(counted), () => void steps++)).status, 0);
    await sweep(2, async (random) => {
      for (let round = 0; round < killPoints(2); round++) {
        const name = `killed-${random.u32()}`;
        const killed = await runUntilStep(merge(await copyOf(name)), 'main', 1 + random.below(steps));
        assert.equal(killed.signal, 'SIGKILL', killed.stderr);
        assert.deepEqual(await deltaRows(`${folder.path(name)}/pool_tag`, POOL_TAG), expected, 'right after');
        assert.equal((await batch(folder.path(name))).status, 0);
        await agree(folder.path(name));
        assert.equal((await runCli(merge(folder.path(name)))).status, 0);
        await agree(folder.path(name));
      }
    });
  });

  it('two writers at once: each commit has its own number, and none is lost', async () => {
    const dataset = folder.path('shared');
    assert.equal((await batch(dataset, '--shard', '0/9')).status, 0);
    const ends = await Promise.all(['0/2', '1/2'].map((shard) => batch(dataset, '--shard', shard)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      [0, 0],
    );
    await agree(dataset);
    assert.equal((await deltaRows(`${dataset}/pool_tag`, POOL_TAG)).length, expected.length);
  });

  it('many commits have a checkpoint; those before it are cleaned away with files that only they list', async () => {
    const dataset = await copyOf('long');
    await withTables(dataset, 1, async ([log]) => {
      for (let image = 10; image < 22; image++) {
        const id = String(image).repeat(16);
        const row = { key: image, image_id: id, host: 'web2', captured_at: captureDay(image).getTime() };
        const path = await writeTags(dataset, id, [row], ['host', 'date']);
        await log!.describe(path, `${dataset}/${path}`);
        await log!.added(path);
        await log!.flush();
      }
    });
    const names = await commits(dataset);
    assert.ok(
      names.includes('_last_checkpoint') && names.includes('00000000000000000010.checkpoint.parquet'),
      String(names),
    );
    await agree(dataset);
    assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG, 0), expected, 'the first version, as it was');
    assert.equal((await runCli(merge(dataset))).status, 0);
    assert.match(
      (await runCli(['table', 'vacuum', dataset, '--older-than', '0'])).stderr,
      /^\d+ files of earlier versions and \d+ files of the log removed\n$/,
    );
    assert.ok(!(await commits(dataset)).includes('00000000000000000000.json'));
    await agree(dataset);
    assert.equal((await batch(dataset)).status, 0);
    await agree(dataset);
  });

  it('and the checkpoint may be of more files than one of its row groups holds', async () => {
    const dataset = folder.path('many');
    await emptyDataset(dataset, 'delta', []);
    const first = await writeTags(dataset, '0'.repeat(32), [{ key: 1 }], []);
    const count = 64 * 21 + 6;
    await withTables(dataset, 1, async ([log]) => {
      for (let image = 0; image < count; image++) {
        const path = first.replace('0'.repeat(32), String(image).padStart(32, '0'));
        if (image > 0) await link(`${dataset}/${first}`, `${dataset}/${path}`);
        await log!.describe(path, `${dataset}/${path}`);
        await log!.added(path);
      }
    });
    const log = `${dataset}/pool_tag/_delta_log`;
    const names = await commits(dataset);
    assert.ok(names.includes('00000000000000000020.checkpoint.parquet'), String(names));
    for (const name of names) if (Number(name.split('.')[0]) < 20) await rm(`${log}/${name}`);
    const [found] = await queryClickhouse(
      `SELECT toUInt32(count()) AS rows FROM deltaLakeLocal('${dataset}/pool_tag')`,
    );
    assert.equal(found!['rows'], count);
  });

  it('follow files that were replaced, and take back what no journal calls old', async () => {
    const dataset = await copyOf('replaced');
    const [first, second] = (await datasetFiles(dataset)).filter((path) => path.startsWith('pool_tag/'));
    await cp(`${dataset}/${second!}`, `${dataset}/${first!}`);
    const remove = { path: encodeURI(second!.slice('pool_tag/'.length)), deletionTimestamp: 1, dataChange: true };
    await writeFile(`${dataset}/pool_tag/_delta_log/00000000000000000001.json`, `${JSON.stringify({ remove })}\n`);
    assert.equal((await runCli(['table', 'vacuum', dataset, '--older-than', '0'])).status, 0);
    await agree(dataset);
    assert.equal((await fileRows(dataset, POOL_TAG)).length, expected.length);
  });

  it('a number of a commit or checkpoint that no number can hold is none', async () => {
    const dataset = await copyOf('numbers');
    for (const ending of ['json', 'checkpoint.parquet'])
      await writeFile(`${dataset}/pool_tag/_delta_log/${'9'.repeat(20)}.${ending}`, '');
    assert.equal((await runCli(merge(dataset))).status, 0);
    assert.equal((await runCli(['table', 'vacuum', dataset, '--older-than', '0'])).status, 0);
    assert.match((await runCli(['table', 'show', dataset])).stdout, /^pool_tag \(delta\): version 1, 2 files/m);
  });

  it('a writer that was asleep makes no commit of a number that was removed meanwhile', async () => {
    const dataset = folder.path('asleep');
    await emptyDataset(dataset, 'delta', []);
    const write = async (log: TableLog, id: number): Promise<void> => {
      const path = await writeTags(dataset, id.toString(16), [{ key: id }], []);
      await log.describe(path, `${dataset}/${path}`);
      await log.added(path);
      await log.flush();
    };
    await withTables(dataset, 2, async ([asleep, other]) => {
      await write(asleep!, 1);
      for (let id = 2; id < 14; id++) await write(other!, id);
      assert.equal((await runCli(['table', 'vacuum', dataset, '--older-than', '0'])).status, 0);
      assert.ok(!(await commits(dataset)).includes('00000000000000000001.json'));
      await write(asleep!, 14);
      assert.equal((await runCli(['table', 'rebuild', dataset])).status, 0);
      await write(other!, 15);
    });
    assert.equal((await fileRows(dataset, POOL_TAG)).length, 15);
    assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG), await fileRows(dataset, POOL_TAG));
  });

  it('a log that is damaged is told in one line, and made anew', async () => {
    const dataset = await copyOf('damaged');
    await appendFile(`${dataset}/pool_tag/_delta_log/00000000000000000000.json`, '{"add":{"path":');
    const end = await batch(dataset);
    assert.equal(end.status, 1, end.stderr);
    assert.match(
      end.stderr,
      /_delta_log\/0{20}\.json: expected lines of a Delta table's log, found .*table rebuild DATASET/s,
    );
    assert.equal((await runCli(['table', 'rebuild', dataset])).status, 0);
    await agree(dataset);
    await writeFile(
      `${dataset}/pool_tag/_delta_log/00000000000000000001.json`,
      '{"protocol":{"minReaderVersion":3,"minWriterVersion":7}}\n',
    );
    assert.match((await batch(dataset)).stderr, /readers of version 3 and writers of version 7/);
  });

  it('a number that can be neither taken nor read ends the command, and nothing that counts is touched', async () => {
    const dataset = await copyOf('blocked');
    await symlink('nowhere', `${dataset}/pool_tag/_delta_log/00000000000000000001.json`);
    const end = await runCli(merge(dataset));
    assert.equal(end.status, 1);
    assert.match(end.stderr, /_delta_log\/0{19}1\.json: it can be neither made nor read/);
    assert.deepEqual(await deltaRows(`${dataset}/pool_tag`, POOL_TAG), expected);
    assert.equal(await asked(dataset), expected.length);
  });

  it('none is kept where none is wanted, and rebuild starts or ends one', async () => {
    const dataset = folder.path('plain');
    assert.equal((await batch(dataset, '--table', 'none')).status, 0);
    assert.ok(!(await readdir(`${dataset}/pool_tag`)).includes('_delta_log'));
    assert.equal((await batch(dataset, '--table', 'delta')).status, 2);
    assert.equal((await runCli(['table', 'rebuild', dataset])).status, 0);
    await agree(dataset);
    assert.equal((await runCli(['table', 'rebuild', dataset, '--table', 'none'])).status, 0);
    assert.ok(!(await readdir(`${dataset}/pool_tag`)).includes('_delta_log'));
    const ndjson = await batch(folder.path('text'), '--format', 'ndjson', '--table', 'delta');
    assert.equal(ndjson.status, 2);
    assert.match(ndjson.stderr, /--table delta: expected a dataset of Parquet files, found ndjson/);
  });
});
