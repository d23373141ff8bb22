import { PoolTrackerError } from '../../errors.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';
import { checkedTable, existingSettings, type TableFormat, writeSettings } from '../store/dataset-settings.js';
import { openStore } from '../store/open-store.js';
import { Journal } from '../store/journal.js';
import { Staging } from '../store/staging.js';
import type { DatasetStore } from '../store/store.js';
import type { FormName, TableState } from './table-form.js';
import { TableLog } from './table-log.js';

/** What a table is at its last version. */
export interface TableSummary {
  readonly record: string;
  readonly form: FormName;
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

/**
 * The files that compactions merged and left.
 * @throws PoolTrackerError USAGE while files are being merged
 */
async function oldFiles(dataset: string, store: DatasetStore): Promise<ReadonlySet<string>> {
  const journal = await Journal.load(store);
  if (journal.openCompactions().length > 0)
    throw new PoolTrackerError('USAGE', `${dataset}: a compaction is at work, or was not finished`, {
      hint: 'wait for it, or run pool-tracker compact, which ends what was begun',
    });
  return journal.mergedFiles().old;
}

/** @returns how many there were */
async function removeThose(store: DatasetStore, record: string, isOld: (path: string) => boolean): Promise<number> {
  const found: string[] = [];
  for await (const { path } of store.list(record)) if (isOld(path)) found.push(path);
  for (const path of found) await store.remove(path);
  return found.length;
}

/** The tables of a dataset; none where no log is kept. @throws PoolTrackerError USAGE, RECORDS_DAMAGED, OUTPUT_FAILED */
export function tableSummaries(dataset: string): Promise<readonly TableSummary[]> {
  return withStaging(dataset, async (store, staging) => {
    const log = await TableLog.of(store, staging, await existingSettings(store));
    const found: TableSummary[] = [];
    for (const table of (await log?.existing()) ?? []) {
      const { active, removed } = await table.current();
      found.push({
        record: table.record,
        form: table.form,
        version: table.lastVersion,
        files: active.size,
        bytes: [...active.values()].reduce((sum, { size }) => sum + size, 0),
        rows: table.rows(),
        removed: removed.size,
      });
    }
    return found;
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
    const old = await oldFiles(dataset, store);
    for (const { name } of RECORD_TYPES) await removeThose(store, name, (path) => old.has(path));
    const log = await TableLog.of(store, staging, { ...before, table: 'both' });
    await log?.clear();
    await writeSettings(store, staging, { ...before, table });
    await log?.limitedTo(table).reconcile();
  });
}

/**
 * Removes files and versions that were replaced that long ago.
 * @returns how many files of records and of the logs were removed
 * @throws PoolTrackerError USAGE, also while files are being merged: which of them count, versions may tell alone;
 *   RECORDS_DAMAGED, OUTPUT_FAILED
 */
export function vacuumTables(
  dataset: string,
  olderThanMs: number,
): Promise<{ readonly files: number; readonly logFiles: number }> {
  return withStaging(dataset, async (store, staging) => {
    const log = await TableLog.of(store, staging, await existingSettings(store));
    await log?.reconcile();
    const old = await oldFiles(dataset, store);
    const before = Date.now() - olderThanMs;
    const tables = (await log?.existing()) ?? [];
    let [files, logFiles] = [0, 0];
    for (const { name } of RECORD_TYPES) {
      const states: TableState[] = [];
      for (const table of tables) if (table.record === name) states.push(await table.current());
      files += await removeThose(store, name, (path) => {
        const inTable = path.slice(name.length + 1);
        const removedAt = states.flatMap(({ removed }) => removed.get(inTable) ?? []);
        // The logs alone are no reason to remove a file: the journal says as well that a compaction left it. All logs
        // that know it have to agree.
        return (
          old.has(path) &&
          removedAt.length > 0 &&
          removedAt.every((at) => at <= before) &&
          states.every(({ active }) => !active.has(inTable))
        );
      });
    }
    // Last: a version that is forgotten could not say any more which files are old.
    for (const table of tables) logFiles += await table.forget(before);
    return { files, logFiles };
  });
}
