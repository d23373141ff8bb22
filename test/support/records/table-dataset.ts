import { mkdir, rm, writeFile } from 'node:fs/promises';
import { existingSettings, type TableFormat } from '../../../src/dataset/store/dataset-settings.js';
import { openStore } from '../../../src/dataset/store/open-store.js';
import { partitionFolder, partPath } from '../../../src/dataset/store/partition.js';
import { Staging } from '../../../src/dataset/store/staging.js';
import { TableLog } from '../../../src/dataset/table/table.js';
import type { Row } from '../../../src/record/schema/record-type.js';
import { POOL_TAG } from '../../../src/record/schema/record-types.js';
import { writePart } from './write-part.js';

/** A dataset without files. */
export async function emptyDataset(
  dataset: string,
  table: TableFormat,
  partition: readonly string[] = ['date', 'host'],
): Promise<void> {
  await mkdir(dataset, { recursive: true });
  await writeFile(`${dataset}/_dataset.json`, JSON.stringify({ partition, format: 'parquet', table }));
}

/** Writes a part of tags where it belongs. @returns its path from the dataset's root */
export async function writeTags(
  dataset: string,
  imageId: string,
  rows: readonly Partial<Row>[],
  partition: readonly string[] = ['date', 'host'],
  labels: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { captured_at: at = null, host = null } = rows[0] ?? {};
  const values = { ...labels, ...(host === null ? {} : { host: String(host) }) };
  const folder = partitionFolder(partition, at === null ? null : Number(at), values);
  const path = partPath('pool_tag', folder, imageId, '.parquet');
  await rm(`${dataset}/${path}`, { force: true });
  await writePart(`${dataset}/${path}`, POOL_TAG, rows);
  return path;
}

/** Opens the tables of a dataset for some work, several times: each knows only what it finds on the disk. */
export async function withTables(
  dataset: string,
  count: number,
  work: (logs: readonly TableLog[]) => Promise<void>,
): Promise<void> {
  const store = openStore(dataset);
  const staging = await Staging.open(store.stagingFolder);
  try {
    const logs: TableLog[] = [];
    while (logs.length < count) logs.push((await TableLog.of(store, staging, await existingSettings(store)))!);
    await work(logs);
    for (const log of logs) await log.close();
  } finally {
    await staging.close();
  }
}

/** Makes the tables of a dataset follow its files. */
export function followFiles(dataset: string): Promise<void> {
  return withTables(dataset, 1, ([log]) => log!.reconcile());
}
