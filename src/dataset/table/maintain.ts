import { PoolTrackerError } from '../../errors.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';
import { checkedTable, existingSettings, type TableFormat, writeSettings } from '../store/dataset-settings.js';
import { openStore } from '../store/open-store.js';
import { Journal } from '../store/journal.js';
import { Staging } from '../store/staging.js';
import type { DatasetStore } from '../store/store.js';
import { TableLog } from './table-log.js';

/** What a table is at its last version. */
export interface TableState {
  readonly record: string;
  readonly version: number;
  readonly files: number;
  readonly bytes: number;
  /** Null where the statistics of a file are not known. */
  readonly rows: number | null;
  /** Files that only earlier versions list. */
  readonly removed: number;
}

async function withStaging<T>(
  dataset: string,
  work: (store: DatasetStore, staging: Staging) => Promise<T>,
): Promise<T> {
  const store = openStore(dataset);
  await existingSettings(store);
  const staging = await Staging.open(store.stagingFolder);
  try {
    return await work(store, staging);
  } finally {
    await staging.close();
  }
}

/** @returns how many there were */
async function removeThose(store: DatasetStore, record: string, isOld: (path: string) => boolean): Promise<number> {
  const found: string[] = [];
  for await (const { path } of store.list(record)) if (isOld(path)) found.push(path);
  for (const path of found) await store.remove(path);
  return found.length;
}

function rowsOf(stats: string | null): number | null {
  const found = /^\{"numRecords":(\d+)/.exec(stats ?? '');
  return found === null ? null : Number(found[1]);
}

/** The tables of a dataset; none where no log is kept. @throws PoolTrackerError USAGE, RECORDS_DAMAGED, OUTPUT_FAILED */
export function tableStates(dataset: string): Promise<readonly TableState[]> {
  return withStaging(dataset, async (store, staging) => {
    const log = TableLog.of(store, staging, await existingSettings(store));
    return ((await log?.snapshots()) ?? []).map(({ table, snapshot: { active, removed } }) => {
      const files = [...active.values()];
      const rows = files.map(({ stats }) => rowsOf(stats));
      return {
        record: table.record,
        version: table.lastVersion,
        files: files.length,
        bytes: files.reduce((sum, { size }) => sum + size, 0),
        rows: rows.includes(null) ? null : rows.reduce<number>((sum, count) => sum + count!, 0),
        removed: removed.size,
      };
    });
  });
}

/**
 * Makes the log anew from the files, or another kind of log, or none; the settings say so from then on. Earlier versions
 * are forgotten, and files that only they list are removed: without the old log nobody could tell them from the others.
 * @throws PoolTrackerError USAGE, also while files are being merged; OUTPUT_FAILED
 */
export function rebuildTables(dataset: string, format?: TableFormat): Promise<void> {
  return withStaging(dataset, async (store, staging) => {
    const before = await existingSettings(store);
    const table = checkedTable(before.format, format ?? (before.table === 'none' ? 'delta' : before.table));
    const journal = await Journal.load(store);
    if (journal.openCompactions().length > 0)
      throw new PoolTrackerError('USAGE', `${dataset}: a compaction is at work, or was not finished`, {
        hint: 'wait for it, or run pool-tracker compact, which ends what was begun',
      });
    const { old } = journal.mergedFiles();
    for (const { name } of RECORD_TYPES) await removeThose(store, name, (path) => old.has(path));
    await TableLog.of(store, staging, { ...before, table: 'delta' })?.clear();
    await writeSettings(store, staging, { ...before, table });
    await TableLog.of(store, staging, { ...before, table })?.reconcile();
  });
}

/**
 * Removes files and commits that only versions need which were replaced that long ago.
 * @returns how many of each were removed
 * @throws PoolTrackerError USAGE, RECORDS_DAMAGED, OUTPUT_FAILED
 */
export function vacuumTables(
  dataset: string,
  olderThanMs: number,
): Promise<{ readonly files: number; readonly commits: number }> {
  return withStaging(dataset, async (store, staging) => {
    const log = TableLog.of(store, staging, await existingSettings(store));
    await log?.reconcile();
    const { old } = (await Journal.load(store)).mergedFiles();
    const before = Date.now() - olderThanMs;
    let [files, commits] = [0, 0];
    for (const { table, snapshot } of (await log?.snapshots()) ?? []) {
      files += await removeThose(store, table.record, (path) => {
        const removedAt = snapshot.removed.get(path.slice(table.record.length + 1));
        // The log alone is no reason to remove a file: the journal says as well that a compaction left it.
        return removedAt !== undefined && removedAt <= before && old.has(path);
      });
      commits += await table.forget(before);
    }
    return { files, commits };
  });
}
