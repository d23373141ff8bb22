import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PoolTrackerError } from '../../errors.js';
import { checkPartitionKeys, DEFAULT_PARTITION } from './partition.js';
import type { Staging } from './staging.js';
import type { DatasetStore } from './store.js';

/** Hidden from engines by its underscore, following Hive's convention. */
const PATH = '_dataset.json';

/** Formats that a dataset's parts may have, with their ending. */
export const PART_EXTENSION = { parquet: '.parquet', ndjson: '.ndjson' } as const;
export type PartFormat = keyof typeof PART_EXTENSION;

/** Logs of tables that can be kept over a dataset's files. */
export const TABLE_FORMATS = ['delta', 'iceberg', 'both', 'none'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** What all parts of a dataset have in common, as readers of partitioned files require. */
export interface DatasetSettings {
  readonly partition: readonly string[];
  readonly format: PartFormat;
  /** Which log of a table is kept; `none` in datasets that were made before there were any. */
  readonly table: TableFormat;
}

async function readSettings(store: DatasetStore): Promise<DatasetSettings | null> {
  const stream = await store.open(PATH);
  if (stream === null) return null;
  try {
    const found = JSON.parse(await text(stream)) as Partial<DatasetSettings> | null;
    const { partition, format, table = 'none' } = found ?? {};
    if (
      Array.isArray(partition) &&
      partition.every((key) => typeof key === 'string') &&
      format !== undefined &&
      format in PART_EXTENSION &&
      TABLE_FORMATS.includes(table)
    ) {
      return { partition: checkPartitionKeys(partition), format, table };
    }
  } catch {
    // Told below.
  }
  throw new PoolTrackerError('RECORDS_DAMAGED', `${store.name}/${PATH}: expected {"partition":[…],"format":"…"}`, {
    hint: 'restore the file, or write to a new dataset',
  });
}

/** Replaces the settings of a dataset. */
export async function writeSettings(store: DatasetStore, staging: Staging, settings: DatasetSettings): Promise<void> {
  const local = join(await staging.folder(), PATH);
  await writeFile(local, `${JSON.stringify(settings)}\n`);
  await store.publish(local, PATH);
}

/** @throws PoolTrackerError USAGE when there is no dataset */
export async function existingSettings(store: DatasetStore): Promise<DatasetSettings> {
  const found = await readSettings(store);
  if (found !== null) return found;
  throw new PoolTrackerError('USAGE', `${store.name} is not a dataset: it holds no ${PATH}`, {
    hint: 'pool-tracker batch makes datasets',
  });
}

/** @throws PoolTrackerError USAGE for a table over files that its readers do not read */
export function checkedTable(format: PartFormat, table: TableFormat): TableFormat {
  if (table === 'none' || format === 'parquet') return table;
  throw new PoolTrackerError('USAGE', `--table ${table}: expected a dataset of Parquet files, found ${format}`, {
    hint: 'leave the option out',
  });
}

/**
 * The settings of a dataset: those it was created with, or those asked for when it is new.
 * @throws PoolTrackerError USAGE when it was created with settings other than those asked for
 */
export async function settingsFor(
  store: DatasetStore,
  staging: Staging,
  asked: Partial<DatasetSettings>,
): Promise<DatasetSettings> {
  const found = await readSettings(store);
  if (found === null) {
    const format = asked.format ?? 'parquet';
    const settings = {
      partition: checkPartitionKeys(asked.partition ?? DEFAULT_PARTITION),
      format,
      table: checkedTable(format, asked.table ?? (format === 'parquet' ? 'delta' : 'none')),
    };
    await writeSettings(store, staging, settings);
    return settings;
  }
  const differs =
    asked.partition !== undefined && asked.partition.join() !== found.partition.join()
      ? `partitioned by ${found.partition.join(',') || 'nothing'}, not ${asked.partition.join(',') || 'nothing'}`
      : asked.format !== undefined && asked.format !== found.format
        ? `made of ${found.format} files, not ${asked.format}`
        : asked.table !== undefined && asked.table !== found.table
          ? `kept with ${found.table === 'none' ? 'no table log' : found.table === 'both' ? 'logs of delta and iceberg' : `a log of ${found.table}`}, not ${asked.table}`
          : null;
  if (differs !== null)
    throw new PoolTrackerError('USAGE', `${store.name} is ${differs}`, {
      hint: 'leave the option out, or name a new dataset',
    });
  return found;
}
