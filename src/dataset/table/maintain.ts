import { checkedTable, existingSettings, type TableFormat, writeSettings } from '../store/dataset-settings.js';
import { openStore } from '../store/open-store.js';
import { isRecordFile } from '../store/partition.js';
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
 * are forgotten.
 * @throws PoolTrackerError USAGE, OUTPUT_FAILED
 */
export function rebuildTables(dataset: string, format?: TableFormat): Promise<void> {
  return withStaging(dataset, async (store, staging) => {
    const before = await existingSettings(store);
    const table = checkedTable(before.format, format ?? (before.table === 'none' ? 'delta' : before.table));
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
    let [files, commits] = [0, 0];
    for (const { table, snapshot } of (await log?.snapshots()) ?? []) {
      const before = Date.now() - olderThanMs;
      for (const [path, at] of snapshot.removed) {
        const full = `${table.record}/${path}`;
        // What a log names is removed only where it is a file of records.
        if (at > before || !isRecordFile(table.record, full)) continue;
        await store.remove(full);
        files++;
      }
      commits += await table.forget(before);
    }
    return { files, commits };
  });
}
