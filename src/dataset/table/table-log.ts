import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { RECORD_TYPES, recordTypeNamed } from '../../record/schema/record-types.js';
import { type DatasetSettings, PART_EXTENSION } from '../store/dataset-settings.js';
import { type CompactionEntry, Journal } from '../store/journal.js';
import { partitionValues, versionFolders } from '../store/partition.js';
import type { Staging } from '../store/staging.js';
import type { DatasetStore } from '../store/store.js';
import type { Action, AddedFile, TableMetadata } from './actions.js';
import { DeltaTable } from './delta-table.js';
import { fileStatistics } from './file-statistics.js';
import type { Snapshot } from './snapshot.js';
import { tableColumns } from './table-columns.js';

/** Changes that are kept back to be one commit: a commit an image would make readers read as many files. */
const MAX_PENDING = 64;
/** Milliseconds after which changes that are kept back become a commit anyway. */
const FLUSH_MS = 5000;
/** Milliseconds for which a table remembers files that are gone. */
const REMEMBERED_MS = 7 * 24 * 3600 * 1000;

/**
 * The Delta tables over a dataset's files, one for each record type, in `RECORD/_delta_log`. Files and journal are the
 * truth; the tables follow from them: what was not committed when a process ended is found when the dataset is opened
 * next.
 */
export class TableLog {
  private readonly tables: ReadonlyMap<string, DeltaTable>;
  private readonly pending = new Map<string, AddedFile | null>();
  /** Files that this process wrote, so that their footers need not be read again. */
  private readonly described = new Map<string, AddedFile>();
  private timer: NodeJS.Timeout | null = null;
  /** Commits of one process follow one another. */
  private writing: Promise<void> = Promise.resolve();
  private failure: unknown = null;

  private constructor(
    private readonly store: DatasetStore,
    private readonly staging: Staging,
    private readonly settings: DatasetSettings,
  ) {
    this.tables = new Map(RECORD_TYPES.map(({ name }) => [name, new DeltaTable(store, staging, name)]));
  }

  /** The tables of a dataset; null where its settings want none. */
  static of(store: DatasetStore, staging: Staging, settings: DatasetSettings): TableLog | null {
    return settings.table === 'none' ? null : new TableLog(store, staging, settings);
  }

  /** Looks at a finished file before it is moved to its place in the dataset. */
  async describe(path: string, local: string): Promise<void> {
    this.described.set(path, await this.fileAt(path, local, (await stat(local)).size));
  }

  /** A described file is in its place. */
  async added(path: string): Promise<void> {
    await this.note(path, this.described.get(path)!);
    this.described.delete(path);
  }

  /** A file was removed. */
  async removed(path: string): Promise<void> {
    await this.note(path, null);
  }

  private async note(path: string, file: AddedFile | null): Promise<void> {
    this.pending.set(path, file);
    if (this.pending.size >= MAX_PENDING) return this.flush();
    this.timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => {
        this.failure = error;
      });
    }, FLUSH_MS).unref();
  }

  /** Commits what is pending: records of images last, as they are published. */
  flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const changes = [...this.pending];
    this.pending.clear();
    return this.inTurn(async () => {
      for (const [record, table] of this.tables) {
        const own = changes.filter(([path]) => path.startsWith(`${record}/`));
        if (own.length === 0) continue;
        await table.commit('WRITE', (current) => [
          ...this.columnActions(table, current),
          ...own.flatMap(([path, file]): Action[] =>
            file === null ? removal(current, inTable(path), true) : [{ add: file }],
          ),
        ]);
      }
    });
  }

  /**
   * Makes the tables what the dataset's files are: those that no commit lists, because their process ended before, and
   * those that are gone. Files of compactions that are not finished wait for `merged`.
   */
  reconcile(): Promise<void> {
    return this.inTurn(async () => {
      const listed = new Map<string, Map<string, number>>();
      for (const { name } of RECORD_TYPES) listed.set(name, await this.listed(name));
      // Loaded after: compactions are noted before their files are moved into place.
      const journal = await Journal.load(this.store);
      for (const [record, table] of this.tables)
        await this.reconcileTable(table, listed.get(record)!, journal.mergedFiles());
    });
  }

  private async reconcileTable(
    table: DeltaTable,
    files: ReadonlyMap<string, number>,
    { inputs, outputs }: ReturnType<Journal['mergedFiles']>,
  ): Promise<void> {
    const before = await table.current();
    if (files.size === 0 && table.lastVersion < 0) return;
    const adds: AddedFile[] = [];
    for (const [path, size] of files) {
      const full = `${table.record}/${path}`;
      const isMerged = before.removed.has(path) && inputs.has(full);
      if (!before.active.has(path) && !outputs.has(full) && !isMerged) adds.push(await this.fileOf(full, size));
    }
    const gone: string[] = [];
    for (const path of before.active.keys())
      if (!files.has(path) && !(await this.isThere(`${table.record}/${path}`))) gone.push(path);
    for (const [path, at] of before.removed)
      if (!files.has(path) && Date.now() - at > REMEMBERED_MS) before.removed.delete(path);
    await table.commit('RECONCILE', (current) => [
      ...this.columnActions(table, current),
      ...gone.flatMap((path) => removal(current, path, true)),
      ...adds.filter(({ path }) => !current.active.has(path)).map((add) => ({ add })),
    ]);
  }

  /**
   * The new files of compactions are all in place, and count from now on instead of those that they were made from: one
   * commit for each table.
   */
  merged(entries: readonly Pick<CompactionEntry, 'record' | 'inputs' | 'outputs'>[]): Promise<void> {
    return this.inTurn(async () => {
      for (const [record, table] of this.tables) {
        const own = entries.filter((entry) => entry.record === record);
        await table.current();
        if (own.length === 0 && table.lastVersion < 0) continue;
        const adds: AddedFile[] = [];
        for (const path of own.flatMap(({ outputs }) => outputs)) adds.push(await this.fileOf(path, null));
        const inputs = own.flatMap((entry) => entry.inputs.map(inTable));
        await table.commit('OPTIMIZE', (current) => {
          const removals = inputs.flatMap((path) => removal(current, path, false));
          const added = adds.filter(({ path }) => !current.active.has(path));
          return [
            ...this.columnActions(table, current, new Set(inputs)),
            ...removals,
            ...added.map((add) => ({ add: { ...add, dataChange: false } })),
          ];
        });
      }
      this.described.clear();
    });
  }

  /** Removes the tables, whatever is in them. */
  clear(): Promise<void> {
    return this.inTurn(async () => {
      for (const table of this.tables.values()) await table.clear();
    });
  }

  /** Each table that has commits, with what it is now. */
  async snapshots(): Promise<readonly { readonly table: DeltaTable; readonly snapshot: Snapshot }[]> {
    const found = [];
    for (const table of this.tables.values()) {
      const snapshot = await table.current();
      if (table.lastVersion >= 0) found.push({ table, snapshot });
    }
    return found;
  }

  /** The files, from the dataset's root, that only earlier versions of the tables list. */
  async oldFiles(): Promise<Set<string>> {
    const snapshots = await this.snapshots();
    return new Set(
      snapshots.flatMap(({ table, snapshot }) => [...snapshot.removed.keys()].map((path) => `${table.record}/${path}`)),
    );
  }

  /** Commits what is pending. */
  async close(): Promise<void> {
    await this.flush();
    if (this.failure !== null) throw this.failure;
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.writing.then(work);
    this.writing = done.catch(() => undefined);
    return done;
  }

  /**
   * The first commit's, and those of a table whose columns or folders are others by now: its files are listed anew then,
   * with the values of the folders that count.
   */
  private columnActions({ record }: DeltaTable, current: Snapshot, leaving?: ReadonlySet<string>): Action[] {
    const { partition } = this.settings;
    const { metadata } = current;
    const schemaString = tableColumns(recordTypeNamed(record), partition);
    const isSame = metadata?.partitionColumns.join() === partition.join();
    if (isSame && metadata?.schemaString === schemaString) return [];
    const made: TableMetadata = {
      id: metadata?.id ?? randomUUID(),
      name: record,
      schemaString,
      partitionColumns: partition,
      createdTime: metadata?.createdTime ?? Date.now(),
    };
    const listed = isSame ? [] : [...current.active.values()].filter(({ path }) => leaving?.has(path) !== true);
    return [
      { metaData: made },
      ...listed.map((file) => ({
        add: { ...file, partitionValues: this.valuesOf(`${record}/${file.path}`), dataChange: false },
      })),
    ];
  }

  private async listed(record: string): Promise<Map<string, number>> {
    const files = new Map<string, number>();
    for (const folder of versionFolders(record))
      for await (const { path, bytes } of this.store.list(folder))
        if (path.endsWith(PART_EXTENSION.parquet)) files.set(inTable(path), bytes);
    return files;
  }

  private async isThere(path: string): Promise<boolean> {
    const stream = await this.store.open(path);
    stream?.destroy();
    return stream !== null;
  }

  /** @param size in bytes; null where it is not known yet */
  private async fileOf(path: string, size: number | null): Promise<AddedFile> {
    const known = this.described.get(path);
    if (known !== undefined) return known;
    const local = await this.store.localPath(path, await this.staging.folder());
    return this.fileAt(path, local, size ?? (await stat(local)).size);
  }

  private async fileAt(path: string, local: string, size: number): Promise<AddedFile> {
    return {
      path: inTable(path),
      partitionValues: this.valuesOf(path),
      size,
      modificationTime: Date.now(),
      dataChange: true,
      stats: await fileStatistics(local, recordTypeNamed(path.slice(0, path.indexOf('/')))),
    };
  }

  private valuesOf(path: string): Record<string, string | null> {
    const values = partitionValues(path);
    return Object.fromEntries(this.settings.partition.map((key) => [key, values[key] ?? null]));
  }
}

/** A dataset's path from the folder of its record type: `pool_tag/v=2/part-1.parquet` → `v=2/part-1.parquet`. */
function inTable(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}

/** None for a file that is no part of the table. */
function removal({ active }: Snapshot, path: string, dataChange: boolean): Action[] {
  return active.has(path) ? [{ remove: { path, deletionTimestamp: Date.now(), dataChange } }] : [];
}
