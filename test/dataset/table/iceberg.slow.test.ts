import assert from 'node:assert/strict';
import { appendFile, cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { partPath } from '../../../src/dataset/store/partition.js';
import { rebuildTables, type TableLog, tableSummaries, vacuumTables } from '../../../src/dataset/table/table.js';
import { DatasetQuery } from '../../../src/dataset/query/query.js';
import type { RecordType } from '../../../src/record/schema/record-type.js';
import { IMAGE, POOL_TAG } from '../../../src/record/schema/record-types.js';
import { writeSmallImages } from '../../support/images/dataset-images.js';
import { sweep } from '../../support/lanes/property.js';
import { killPoints } from '../../support/lanes/seeds.js';
import {
  canAskClickhouse,
  deltaRows,
  fileRows,
  icebergRows,
  queryClickhouse,
} from '../../support/records/clickhouse.js';
import { datasetFiles } from '../../support/records/dataset-content.js';
import { HARD_VALUES } from '../../support/records/hard-values.js';
import { emptyDataset, followFiles, withTables, writeTags } from '../../support/records/table-dataset.js';
import { queryDuckdb } from '../../support/records/duckdb.js';
import { type CliEnd, runCli } from '../../support/run/cli.js';
import { runByStep, runUntilStep } from '../../support/run/disk-steps.js';
import { temporaryFolder } from '../../support/run/temporary-folder.js';

const AT = Date.UTC(2024, 8, 29, 6, 38, 15, 123);
const DAY_MS = 24 * 3600 * 1000;
const NEVER = 10 * 365;

interface Metadata {
  readonly 'current-snapshot-id': number;
  readonly snapshots: readonly {
    readonly 'snapshot-id': number;
    readonly 'timestamp-ms': number;
    readonly summary: Readonly<Record<string, string>>;
  }[];
  readonly 'metadata-log': readonly object[];
}

describe('the Iceberg tables of a dataset, as ClickHouse reads them', () => {
  const folder = temporaryFolder();
  const table = (dataset: string): string => `${dataset}/pool_tag`;
  const agree = async (dataset: string, records: readonly RecordType[] = [POOL_TAG]): Promise<void> => {
    for (const record of records)
      assert.deepEqual(await icebergRows(`${dataset}/${record.name}`, record), await fileRows(dataset, record));
  };
  const lastVersion = async (dataset: string): Promise<number> =>
    Number(await readFile(`${table(dataset)}/metadata/version-hint.text`, 'utf8'));
  const metadataOf = async (dataset: string): Promise<Metadata> =>
    JSON.parse(
      await readFile(`${table(dataset)}/metadata/v${await lastVersion(dataset)}.metadata.json`, 'utf8'),
    ) as Metadata;
  const merge = (dataset: string): string[] => ['compact', dataset, '--grace', '0', '--partition', 'host'];
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

  before(async function () {
    if (!(await canAskClickhouse())) this.skip();
  });

  describe('of records with values that go wrong', () => {
    const hosts = [...HARD_VALUES, '', null];
    const lake = (): string => folder.path('hard');

    before(async () => {
      await emptyDataset(lake(), 'iceberg');
      for (const [key, host] of hosts.entries())
        await writeTags(lake(), String(key), [{ key: key + 2 ** 31, host, captured_at: AT + key * DAY_MS }]);
      await writeTags(lake(), 'f0', [{ key: 1, host: 'undated', captured_at: null }]);
      await followFiles(lake());
    });

    it('have every value that DuckDB reads in the files, and hosts as they went in', async () => {
      // DuckDB's rows come without a byte order mark at the beginning of a text.
      const plain = (rows: readonly string[]): string[] => rows.map((row) => row.replace('\ufeff', '')).sort();
      assert.deepEqual(plain(await icebergRows(table(lake()), POOL_TAG)), plain(await fileRows(lake(), POOL_TAG)));
      const rows = await queryClickhouse(`SELECT host FROM icebergLocal('${table(lake())}') ORDER BY key`);
      assert.deepEqual(
        rows.map(({ host }) => host),
        ['undated', ...hosts],
      );
    });

    it('are asked for hosts and days, and what is left unread by that has none of them', async () => {
      for (const [key, host] of hosts.entries()) {
        if (host === null || key % 4 > 0) continue;
        const text = `'${host.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
        const rows = await queryClickhouse(
          `SELECT toString(key) AS id FROM icebergLocal('${table(lake())}') WHERE host = ${text} AND key < 3000000000`,
        );
        assert.deepEqual(rows, [{ id: String(key + 2 ** 31) }], host);
      }
      const [none] = await queryClickhouse(
        `SELECT count() AS n FROM icebergLocal('${table(lake())}') WHERE host IS NULL OR host = ''`,
      );
      assert.equal(Number(none!['n']), 2);
      const days = await queryClickhouse(
        `SELECT toString(key) AS id FROM icebergLocal('${table(lake())}') WHERE captured_at >= '2024-10-01 00:00:00' AND captured_at < '2024-10-02 00:00:00'`,
      );
      assert.deepEqual(days, [{ id: String(2 ** 31 + 2) }]);
    });

    it('an empty host is none, which folders cannot say: such files are in a spec without the key', async () => {
      const specs = ((await metadataOf(lake())) as unknown as { 'partition-specs': { fields: { name: string }[] }[] })[
        'partition-specs'
      ];
      assert.deepEqual(
        specs.map(({ fields }) => fields.map(({ name }) => name)),
        [['date', 'host'], ['date']],
      );
    });

    it('a file that was replaced is there once, and nobody is told to remove it', async () => {
      const path = await writeTags(lake(), '0', [
        { key: 5, host: hosts[0]!, captured_at: AT },
        { key: 6, host: hosts[0]!, captured_at: AT },
      ]);
      await withTables(lake(), 1, async ([log]) => {
        await log!.describe(path, `${lake()}/${path}`);
        await log!.added(path);
      });
      const [found] = await queryClickhouse(
        `SELECT count() AS n, uniqExact(key) AS keys FROM icebergLocal('${table(lake())}')`,
      );
      assert.deepEqual([Number(found!['n']), Number(found!['keys'])], [hosts.length + 2, hosts.length + 2]);
      const { snapshots } = await metadataOf(lake());
      const { operation, ...counts } = snapshots.at(-1)!.summary;
      assert.equal(operation, 'overwrite');
      assert.deepEqual([counts['added-records'], counts['deleted-records']], ['2', '1']);
      assert.equal((await tableSummaries(lake()))[0]!.removed, 0);
    });

    it('a label that is a key of folders is a column', async () => {
      const dataset = folder.path('labels');
      await emptyDataset(dataset, 'iceberg', ['site', 'host']);
      await writeTags(dataset, '1', [{ key: 1, host: 'a', captured_at: AT }], ['site', 'host'], { site: 'Köln' });
      await followFiles(dataset);
      await agree(dataset);
      assert.match(JSON.stringify(await metadataOf(dataset)), /"id":10001,"name":"site"/);
    });
  });

  describe('of images, while they are merged', () => {
    const lake = (): string => folder.path('lake');
    const batch = (dataset: string, ...more: string[]): Promise<CliEnd> =>
      runCli(['batch', folder.path('dumps'), '--out', dataset, '--label-from', '/(?<host>[^/]+)/[^/]+$', ...more]);
    const copyOf = async (name: string): Promise<string> => {
      await cp(lake(), folder.path(name), { recursive: true, preserveTimestamps: true });
      await rebuildTables(folder.path(name));
      return folder.path(name);
    };
    let expected: string[] = [];

    before(async () => {
      await writeSmallImages(folder.path('dumps'), 3);
      const end = await batch(lake(), '--partition', 'host,date', '--table', 'both');
      assert.equal(end.status, 0, end.stderr);
      expected = await fileRows(lake(), POOL_TAG);
      assert.ok(expected.length >= 120);
    });

    it('are the records, in both forms', async () => {
      await agree(lake(), [POOL_TAG, IMAGE]);
      assert.deepEqual(await deltaRows(table(lake()), POOL_TAG), expected);
      assert.equal((await batch(lake(), '--table', 'iceberg')).status, 2);
      const state = await runCli(['table', 'show', lake()]);
      assert.match(state.stdout, /^pool_tag \(iceberg\): version 1, 3 files of \d+ bytes, 120 rows$/m);
    });

    it('never show a row twice or miss one, whichever change on the disk comes next', async () => {
      const dataset = await copyOf('stepped');
      await rebuildTables(dataset, 'iceberg');
      let looked = 0;
      const { status, stderr } = await runByStep(merge(dataset), async (change) => {
        if (!/^(rename|link|unlink|rm)/.test(change)) return;
        assert.deepEqual(await icebergRows(table(dataset), POOL_TAG), expected, change);
        if (looked++ % 3 === 0) assert.equal(await asked(dataset), expected.length, change);
      });
      assert.equal(status, 0, stderr);
      assert.ok(looked > 10, `${looked} moments`);
      await agree(dataset, [POOL_TAG, IMAGE]);
      assert.equal(await asked(dataset), expected.length);
    });

    it('earlier snapshots stay readable with --keep-old, until vacuum ends that when both logs agree', async () => {
      const dataset = await copyOf('kept');
      const end = await runCli([...merge(dataset), '--keep-old']);
      assert.equal(end.status, 0, end.stderr);
      assert.deepEqual(await icebergRows(table(dataset), POOL_TAG), expected);
      const { snapshots } = await metadataOf(dataset);
      assert.deepEqual(
        snapshots.map(({ summary }) => summary['operation']),
        ['append', 'replace'],
      );
      const [first, second] = snapshots;
      assert.deepEqual(
        await icebergRows(table(dataset), POOL_TAG, `iceberg_snapshot_id = ${first!['snapshot-id']}`),
        expected,
      );
      assert.deepEqual(
        await icebergRows(table(dataset), POOL_TAG, `iceberg_timestamp_ms = ${second!['timestamp-ms'] - 1}`),
        expected,
      );
      assert.equal(await asked(dataset), expected.length);
      const files = (await datasetFiles(dataset)).length;
      assert.deepEqual(await vacuumTables(dataset, NEVER * DAY_MS), { files: 0, logFiles: 0 });
      await rebuildTables(await copyWithOld(dataset), 'iceberg');
      const { files: removed, logFiles } = await vacuumTables(dataset, 0);
      assert.equal(removed, 6);
      // A list and a manifest for each of two tables; the second list's manifest of removed files is still its own.
      assert.ok(logFiles >= 4, `${logFiles} files`);
      assert.equal((await datasetFiles(dataset)).length, files - 6);
      assert.equal((await metadataOf(dataset)).snapshots.length, 1);
      await agree(dataset, [POOL_TAG, IMAGE]);
      assert.equal((await batch(dataset)).status, 0);
      await agree(dataset);
    });

    /** Where files of earlier versions are, tables made anew do not have them. */
    const copyWithOld = async (dataset: string): Promise<string> => {
      const copy = `${dataset}-copy`;
      await cp(dataset, copy, { recursive: true });
      await rebuildTables(copy, 'iceberg');
      assert.deepEqual(await icebergRows(table(copy), POOL_TAG), expected);
      return copy;
    };

    it('are whole again after kill -9 at any change on the disk', async () => {
      const counted = await copyOf('counted');
      let steps = 0;
      assert.equal((await runByStep(merge(counted), () => void steps++)).status, 0);
      await sweep(2, async (random) => {
        for (let point = 0; point < killPoints(1); point++) {
          const dataset = await copyOf(`killed-${random.u32()}`);
          const killed = await runUntilStep(merge(dataset), 'main', 1 + random.below(steps));
          assert.equal(killed.signal, 'SIGKILL', killed.stderr);
          assert.deepEqual(await icebergRows(table(dataset), POOL_TAG), expected, 'right after');
          assert.equal(await asked(dataset), expected.length, 'right after');
          const batched = await batch(dataset);
          assert.equal(batched.status, 0, batched.stderr);
          await agree(dataset, [POOL_TAG, IMAGE]);
          assert.deepEqual(await deltaRows(table(dataset), POOL_TAG), expected);
          assert.equal((await runCli(merge(dataset))).status, 0);
          await agree(dataset);
          assert.equal(await asked(dataset), expected.length);
        }
      });
    });

    it('and after kill -9 of a batch that writes them', () =>
      sweep(2, async (random) => {
        for (let point = 0; point < killPoints(1); point++) {
          const dataset = folder.path(`begun-${random.u32()}`);
          const words = ['batch', folder.path('dumps'), '--out', dataset, '--table', 'iceberg', '--partition', 'date'];
          await runUntilStep(words, 'main', 20 + random.below(60));
          const end = await runCli(words);
          assert.equal(end.status, 0, end.stderr);
          assert.equal((await fileRows(dataset, POOL_TAG)).length, expected.length);
          await agree(dataset, [POOL_TAG, IMAGE]);
        }
      }));
  });

  describe('by several writers', () => {
    it('lose no commit, keep few manifests and versions, and one that was asleep makes no version that was before', async () => {
      const dataset = folder.path('shared');
      await emptyDataset(dataset, 'iceberg', []);
      const write = async (log: TableLog, id: number): Promise<void> => {
        const path = await writeTags(dataset, id.toString(16), [{ key: id, host: 'a', captured_at: AT }], []);
        await log.describe(path, `${dataset}/${path}`);
        await log.added(path);
        await log.flush();
      };
      await withTables(dataset, 3, async ([asleep, one, other]) => {
        await write(asleep!, 1);
        for (let id = 2; id < 40; id += 2) await Promise.all([write(one!, id), write(other!, id + 1)]);
        assert.ok(!(await readdir(`${table(dataset)}/metadata`)).includes('v2.metadata.json'), 'it is long gone');
        await write(asleep!, 40);
      });
      await agree(dataset);
      const { snapshots, 'metadata-log': log } = await metadataOf(dataset);
      assert.deepEqual([snapshots.length, log.length], [40, 20]);
      assert.equal((await fileRows(dataset, POOL_TAG)).length, 40);
      const names = await readdir(`${table(dataset)}/metadata`);
      assert.equal(names.filter((name) => name.endsWith('.json')).length, 21);
      await vacuumTables(dataset, 0);
      const kept = (await readdir(`${table(dataset)}/metadata`)).filter((name) => name.endsWith('.avro'));
      assert.ok(kept.length <= 20, `${kept.length} files`);
      await agree(dataset);
    });
  });

  describe('that are damaged or elsewhere', () => {
    let made: string;
    const refused = async (name: string, harm: (metadata: string) => Promise<void>, message: RegExp): Promise<void> => {
      const dataset = folder.path(name);
      await cp(made, dataset, { recursive: true });
      await rebuildTables(dataset);
      await harm(`${table(dataset)}/metadata`);
      const end = await runCli(['table', 'show', dataset]);
      assert.equal(end.status, 1, end.stdout);
      assert.match(end.stderr, message);
      assert.match(end.stderr, /^[^\n]*table rebuild DATASET[^\n]*\n$/);
      await rebuildTables(dataset);
      await agree(dataset);
    };
    const lastAvro = async (metadata: string): Promise<string> =>
      `${metadata}/${(await readdir(metadata))
        .filter((name) => name.endsWith('.avro'))
        .sort()
        .at(-1)!}`;
    const change = (from: string | RegExp, to: string) => async (metadata: string) => {
      const path = `${metadata}/v${await readFile(`${metadata}/version-hint.text`, 'utf8')}.metadata.json`;
      const before = await readFile(path, 'utf8');
      assert.notEqual(before.replace(from, to), before);
      await writeFile(path, before.replace(from, to));
    };

    before(async () => {
      made = folder.path('whole');
      await emptyDataset(made, 'iceberg');
      for (let id = 1; id < 4; id++) await writeTags(made, `${id}`, [{ key: id, host: `h${id}`, captured_at: AT }]);
      await followFiles(made);
    });

    it('are refused in one line, and made anew', async () => {
      await refused('cut', async (metadata) => truncate(await lastAvro(metadata), 900), /bytes in place of|Avro file/);
      await refused('json', change('{', '{{'), /found no JSON/);
      await refused(
        'snapshot',
        change(/"current-snapshot-id":\d+/, '"current-snapshot-id":9223372036854775807'),
        /found current-snapshot-id 922/,
      );
      await refused('count', change(/"total-data-files":"3"/, '"total-data-files":"4"'), /found 3 files in place of 4/);
      await refused('name', change(/"name":"host","transform"/, '"name":"a){x","transform"'), /found partition-specs/);
      await refused(
        'away',
        change(/"manifest-list":"[^"]*\/metadata/, '"manifest-list":"file:///etc'),
        /which is not in/,
      );
      await refused('none', async (metadata) => rm(await lastAvro(metadata)), /no such file/);
      await refused(
        'other',
        async (metadata) => {
          const path = await lastAvro(metadata);
          await writeFile(path, (await readFile(path, 'latin1')).replace('manifest_file', 'manifest_fil3'), 'latin1');
        },
        /a schema that this program does not write|bytes in place/,
      );
    });

    it('after a move they are refused until they are made anew, since they name files by their full paths', async () => {
      const dataset = folder.path('moved');
      await cp(made, `${dataset}-before`, { recursive: true });
      await rebuildTables(`${dataset}-before`);
      const before = await lastVersion(`${dataset}-before`);
      await rename(`${dataset}-before`, dataset);
      const end = await runCli(['table', 'show', dataset]);
      assert.equal(end.status, 1);
      assert.match(
        end.stderr,
        /expected an Iceberg table at file:\/\/\S*\/moved\/pool_tag, found one of \S*moved-before/,
      );
      assert.equal((await runCli(['table', 'rebuild', dataset])).status, 0);
      await agree(dataset);
      assert.ok((await lastVersion(dataset)) > before, 'engines keep in mind what a name held');
      await rebuildTables(dataset, 'delta');
      assert.ok(!(await readdir(table(dataset))).includes('metadata'));
      assert.deepEqual(await deltaRows(table(dataset), POOL_TAG), await fileRows(dataset, POOL_TAG));
    });

    it('a hint that is behind or lost does not matter, and is made right', async () => {
      const dataset = folder.path('hint');
      await cp(made, dataset, { recursive: true });
      await rebuildTables(dataset);
      await writeTags(dataset, '9', [{ key: 9, host: 'h9', captured_at: AT }]);
      await followFiles(dataset);
      const last = await lastVersion(dataset);
      const hint = `${table(dataset)}/metadata/version-hint.text`;
      for (const harm of [() => writeFile(hint, String(last - 1)), () => rm(hint), () => writeFile(hint, 'x')]) {
        await harm();
        await followFiles(dataset);
        assert.equal(await lastVersion(dataset), last);
      }
      await agree(dataset);
    });

    it('a file that is no Parquet is refused by name: nobody knows its rows', async () => {
      const dataset = folder.path('text');
      await cp(made, dataset, { recursive: true });
      await rebuildTables(dataset);
      await appendFile(`${dataset}/${partPath('pool_tag', 'date=2024-09-29/host=h1', 'ff', '.parquet')}`, 'text');
      await assert.rejects(followFiles(dataset), /part-ff\.parquet: .*no Parquet file/);
      assert.equal((await icebergRows(table(dataset), POOL_TAG)).length, 3);
    });
  });

  it('files without field ids are read by their names', async () => {
    const dataset = folder.path('names');
    await emptyDataset(dataset, 'iceberg', []);
    const path = await writeTags(dataset, '1', [{ key: 2 ** 31 + 7, tag: 'Proc', host: 'a', captured_at: AT }], []);
    await queryDuckdb(`COPY (FROM '${dataset}/${path}') TO '${dataset}/${path.replace('-1', '-2')}' (FORMAT parquet)`);
    const [ids] = await queryDuckdb(
      `SELECT count(field_id) AS n FROM parquet_schema('${dataset}/${path.replace('-1', '-2')}')`,
    );
    assert.equal(Number(ids!['n']), 0);
    await followFiles(dataset);
    await agree(dataset);
  });
});
