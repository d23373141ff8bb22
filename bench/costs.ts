/**
 * What a fleet's capture of many images costs a bucket and its workers: the real journal, publisher and table logs over
 * a store in memory that counts requests as S3 does. IMAGES (20,000), WORKERS (16) and TABLE (delta) say what of.
 */
import { copyFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Publisher } from '../src/dataset/ingest/publisher.js';
import type { ScannedImage } from '../src/dataset/ingest/image-task.js';
import type { DatasetSettings } from '../src/dataset/store/dataset-settings.js';
import { Journal } from '../src/dataset/store/journal.js';
import { partitionFolder, partPath } from '../src/dataset/store/partition.js';
import { Staging } from '../src/dataset/store/staging.js';
import { TableLog } from '../src/dataset/table/table.js';
import { writeSmallImage } from '../test/support/images/dataset-images.js';
import { CountingStore, type Requests } from './counting-store.js';
import { CLI, folder, printTable, runNode } from './measure.js';

const IMAGES = Number(process.env['IMAGES'] ?? 20_000);
const WORKERS = Number(process.env['WORKERS'] ?? 16);
const TABLE = (process.env['TABLE'] ?? 'delta') as DatasetSettings['table'];
const RECORDS = ['pool_tag', 'image'];
const HASH = 64;

/** The files of one image of 1,500 tags, by record type. */
async function templates(): Promise<ReadonlyMap<string, string>> {
  const image = join(folder(), 'desktop.raw');
  await writeSmallImage(image, 1, { tagCount: 1500, tableSlots: 4096 });
  const lake = join(folder(), 'template');
  await runNode([CLI, 'batch', image, '--out', lake, '--partition', 'date', '--table', 'none', '--quiet']);
  return new Map(
    RECORDS.map((record) => {
      const files = readdirSync(join(lake, record), { recursive: true }).map(String);
      return [
        record,
        join(
          lake,
          record,
          files.find((name) => name.endsWith('.parquet'))!,
        ),
      ];
    }),
  );
}

interface Phase {
  readonly what: string;
  readonly requests: Requests;
  readonly cpuSeconds: number;
  readonly residentMiB: number;
}

async function measured(what: string, store: CountingStore, work: () => Promise<void>): Promise<Phase> {
  store.reset();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  globalThis.gc?.();
  return {
    what,
    requests: store.requests,
    cpuSeconds: (user + system) / 1e6,
    residentMiB: process.memoryUsage().rss / 2 ** 20,
  };
}

export async function run(): Promise<void> {
  const parts = await templates();
  const home = join(folder(), 'costs');
  await mkdir(home);
  const store = new CountingStore(home, parts);
  const settings: DatasetSettings = { partition: ['date'], format: 'parquet', table: TABLE };
  const staging = await Staging.open(store.stagingFolder);
  const at = Date.UTC(2024, 2, 1);
  const imageId = (index: number): string => index.toString(16).padStart(HASH, '0');
  const scanned = async (index: number): Promise<ScannedImage> => {
    const work = await staging.folder();
    const files = [...parts].map(([record, template]) => {
      const path = join(work, `${record}.parquet`);
      copyFileSync(template, path);
      return { record, path };
    });
    return {
      kind: 'scanned',
      status: 'ok',
      imageId: imageId(index),
      folder: partitionFolder(settings.partition, at, {}),
      files,
      rows: 1501,
      bytesRead: 0,
      elapsedMs: 0,
      warnings: 0,
      failure: null,
    };
  };
  const phases: Phase[] = [];
  phases.push(
    await measured(`${IMAGES.toLocaleString('en')} images by ${WORKERS} workers`, store, async () => {
      const workers = [];
      for (let worker = 0; worker < WORKERS; worker++) {
        const journal = await Journal.load(store);
        const table = await TableLog.of(store, staging, settings);
        workers.push({ journal, table, publisher: await Publisher.open(store, journal, settings.format, table) });
      }
      for (let index = 0; index < IMAGES; index++) {
        const source = `s3://dumps/2024-03-01/host-${String(index).padStart(6, '0')}/memory.dmp`;
        await workers[index % WORKERS]!.publisher.publish(
          source,
          `"${imageId(index).slice(0, 32)}"`,
          await scanned(index),
        );
      }
      for (const { journal, table } of workers) {
        await table?.close();
        await journal.close();
      }
    }),
  );
  let table: TableLog | null = null;
  phases.push(
    await measured('a further process opens the dataset', store, async () => {
      await Journal.load(store);
      table = await TableLog.of(store, staging, settings);
      await table!.reconcile();
    }),
  );
  phases.push(
    await measured('one commit when all are merged into one file a type', store, async () => {
      const merged = RECORDS.map((record) => ({
        record,
        inputs: Array.from({ length: IMAGES }, (_, index) =>
          partPath(record, partitionFolder(settings.partition, at, {}), imageId(index), '.parquet'),
        ),
        outputs: [partPath(record, partitionFolder(settings.partition, at, {}), 'f'.repeat(HASH), '.parquet')],
      }));
      for (const { outputs } of merged) for (const path of outputs) store.place(path);
      await table!.merged(merged);
    }),
  );
  await staging.close();
  printTable(`What a fleet costs a bucket, --table ${TABLE} (simulated: the requests are counted, not sent)`, [
    ['what', 'PUT', 'GET', 'HEAD', 'LIST', 'DELETE', 'MB up', 'MB down', 'CPU s', 'MiB resident'],
    ...phases.map(({ what, requests: { put, get, head, list, remove, up, down }, cpuSeconds, residentMiB }) => [
      what,
      ...[put, get, head, list, remove].map((count) => count.toLocaleString('en')),
      ...[up, down].map((bytes) => (bytes / 1e6).toFixed(1)),
      cpuSeconds.toFixed(1),
      residentMiB.toFixed(0),
    ]),
  ]);
  printTable('Objects that are kept', [
    ['below', 'objects', 'MB'],
    ...store.kept().map(({ below, objects, bytes }) => [below, objects.toLocaleString('en'), (bytes / 1e6).toFixed(1)]),
    ['(a pool_tag part)', '1', (statSync(parts.get('pool_tag')!).size / 1e6).toFixed(3)],
  ]);
}
