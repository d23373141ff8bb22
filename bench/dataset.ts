/** The questions on a fleet of 2,000 images: whether they find what was planted, how long they take, how large the dataset is. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { DatasetQuery } from '../src/dataset/query/query.js';
import type { Row } from '../src/record/schema/record-type.js';
import { comparablePairs, FULL_FLEET, plantedChanges, writeFleet, type FleetTruth } from './fleet.js';
import { CLI, fastest, folder, printTable } from './measure.js';

/** Broken images are recorded and make the exit status 1. */
function cli(...words: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...words], { encoding: 'utf8' });
  if (status !== 0 && !(words[0] === 'batch' && status === 1))
    throw new Error(`pool-tracker ${words.join(' ')} ended with ${String(status)}: ${stderr}`);
}

async function rows(query: DatasetQuery, view: string, ...values: string[]): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of (await query.askView(view, values)).rows) all.push(row);
  return all;
}

function check(
  question: string,
  found: readonly string[],
  planted: readonly string[],
): readonly [string, string, string, string] {
  const wrong = found.filter((one) => !planted.includes(one));
  const hits = planted.filter((one) => found.includes(one));
  if (wrong.length > 0 || hits.length < planted.length)
    throw new Error(`${question}: planted ${planted.join(', ')}; found ${found.join(', ')}`);
  return [question, String(planted.length), String(hits.length), String(wrong.length)];
}

/** Fails when a question misses what was planted or finds anything else. */
async function checkFindings(query: DatasetQuery, truth: FleetTruth): Promise<void> {
  const names = (list: readonly { host: unknown; tag: unknown }[]): string[] =>
    list.map(({ host, tag }) => `${String(host)} ${String(tag)}`);
  const table: (readonly string[])[] = [['question', 'planted', 'found', 'wrong']];
  table.push(check('leaks()', names((await rows(query, 'leaks')) as never), names(truth.leaks)));
  table.push(
    check(
      'fleet_outliers()',
      names((await rows(query, 'fleet_outliers')) as never),
      names([...truth.outliers, ...truth.leaks]),
    ),
  );
  const { hosts, tags } = truth.family;
  const [asked, ...others] = tags as [string, ...string[]];
  const kin = hosts.flatMap((host) => others.map((tag) => ({ host, tag })));
  const together = new Set(names((await rows(query, 'moves_with', asked)) as never));
  table.push(check('moves_with()', [...together], names(kin)));
  const found: string[] = [];
  const planted: string[] = [];
  const pairs = comparablePairs(truth);
  for (const [a, b] of pairs) {
    found.push(...(await rows(query, 'compare', a.path, b.path)).map(({ tag }) => `${a.host} ${String(tag)}`));
    planted.push(...plantedChanges(truth, a, b).map((tag) => `${a.host} ${tag}`));
  }
  table.push(check(`compare(), ${pairs.length} pairs`, found, planted));
  printTable('Questions: what was planted in the fleet, and what is found at the default thresholds', table);
}

function filesOf(dataset: string, record: string): string[] {
  return readdirSync(join(dataset, record), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.parquet$/.test(name))
    .map((name) => join(dataset, record, name));
}

const bytesOf = (files: readonly string[]): number => files.reduce((sum, file) => sum + statSync(file).size, 0);

/** The pool_tag rows of a dataset in other forms. */
async function printSizes(lake: string, compacted: string): Promise<string> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    `CREATE TABLE rows AS FROM read_parquet('${lake}/pool_tag/**/*.parquet', hive_partitioning = false)`,
  );
  const count = Number((await connection.runAndReadAll('SELECT count(*) FROM rows')).getRows()[0]![0]);
  const single = join(folder(), 'single.parquet');
  await connection.run(`COPY rows TO '${single}' (FORMAT parquet, COMPRESSION zstd)`);
  cli('convert', single, join(folder(), 'rows.ndjson'));
  cli('convert', single, join(folder(), 'rows.ndjson.gz'));
  const table: string[][] = [['pool_tag rows as', 'files', 'MB', 'bytes a row', 'of the NDJSON']];
  const ndjson = bytesOf([join(folder(), 'rows.ndjson')]);
  const add = (name: string, files: readonly string[]): void => {
    const bytes = bytesOf(files);
    table.push([
      name,
      String(files.length),
      (bytes / 1e6).toFixed(1),
      (bytes / count).toFixed(1),
      `${((bytes / ndjson) * 100).toFixed(1)} %`,
    ]);
  };
  add('the dataset as batch leaves it', filesOf(lake, 'pool_tag'));
  add('the dataset compacted, a file a day', filesOf(compacted, 'pool_tag'));
  add("DuckDB's own ZSTD Parquet, one file", [single]);
  add('NDJSON', [join(folder(), 'rows.ndjson')]);
  add('NDJSON, gzip', [join(folder(), 'rows.ndjson.gz')]);
  printTable(
    `Size of a dataset: ${FULL_FLEET.hosts * FULL_FLEET.captures} images, ${count.toLocaleString('en')} rows`,
    table,
  );
  return single;
}

async function printTimes(datasets: readonly (readonly [string, string])[], truth: FleetTruth): Promise<void> {
  const [a, b] = comparablePairs(truth)[0]!;
  const host = truth.leaks[0]!.host;
  const questions: readonly (readonly [string, ...string[]])[] = [
    ['images'],
    ['pool_tags'],
    ['top_tags'],
    ['leaks', host],
    ['leaks'],
    ['boots'],
    ['compare', a.path, b.path],
    ['fleet_outliers', truth.outliers[0]!.tag],
    ['fleet_outliers'],
    ['captures'],
    ['host_medians'],
    ['leak_series'],
    ['moves_with', truth.family.tags[0]!],
  ];
  const milliseconds = async (run: () => Promise<unknown>): Promise<string> =>
    (
      await fastest(2, async () => {
        const started = performance.now();
        await run();
        return { milliseconds: performance.now() - started };
      })
    ).milliseconds.toFixed(0);
  const columns: string[][] = [];
  for (const [name, dataset] of datasets) {
    const column = [`${name}, ms`, await milliseconds(async () => (await DatasetQuery.open(dataset)).close())];
    const query = await DatasetQuery.open(dataset);
    for (const [view, ...values] of questions) column.push(await milliseconds(() => rows(query, view, ...values)));
    await query.close();
    columns.push(column);
  }
  const names = [
    'question',
    '(open)',
    ...questions.map(([view, ...values]) => `${view}(${values.length > 0 ? '…' : ''})`),
  ];
  printTable(
    'Time of each question, every row read',
    names.map((name, row) => [name, ...columns.map((column) => column[row]!)]),
  );
}

export async function run(): Promise<void> {
  const [images, lake, compacted, one] = ['fleet', 'lake', 'compacted', 'one'].map((name) => join(folder(), name)) as [
    string,
    string,
    string,
    string,
  ];
  const truth = await writeFleet(images, FULL_FLEET);
  cli('batch', images, '--out', lake, '--label-from', '/(?<host>[^/]+)/[^/]+$', '--quiet');
  cpSync(lake, compacted, { recursive: true });
  cli('compact', compacted, '--grace', '0', '--partition', 'date', '--quiet');
  cpSync(compacted, one, { recursive: true });
  cli('compact', one, '--grace', '0', '--partition', 'none', '--quiet');
  for (const dataset of [lake, compacted]) {
    const query = await DatasetQuery.open(dataset);
    await checkFindings(query, truth).finally(() => query.close());
  }
  await printSizes(lake, compacted);
  await printTimes(
    [
      ['as batch leaves it', lake],
      ['a file a day', compacted],
      ['one file', one],
    ],
    truth,
  );
}
