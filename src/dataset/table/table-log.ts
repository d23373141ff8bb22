import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { RECORD_TYPES, recordTypeNamed } from '../../record/schema/record-types.js';
import { type DatasetSettings, PART_EXTENSION } from '../store/dataset-settings.js';
import { type CompactionEntry, Journal } from '../store/journal.js';
import { imageOfPart, partitionOf, partitionValues, versionFolders } from '../store/partition.js';
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
    const file = this.described.get(path);
    // The same memory under two names: the other one has told of the file meanwhile.
    if (file === undefined) return;
    this.described.delete(path);
    await this.note(path, file);
  }

  /** A file was removed. */
  async removed(path: string): Promise<void> {
    await this.note(path, null);
  }

  private async note(path: string, file: AddedFile | null): Promise<void> {
    this.pending.set(path, file);
    if (this.pending.size >= MAX_PENDING) return this.flush();
    this.flushLater();
  }

  /** What fails then is tried again, by the next one or when the log is closed, which tells. */
  private flushLater(): void {
    this.timer ??= setTimeout(() => {
      this.flush().catch(() => this.flushLater());
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
        const adds = own.flatMap(([, file]) => file ?? []);
        const gone = own.flatMap(([path, file]) => (file === null ? inTable(path) : []));
        await table.commit('WRITE', (current) => this.actions(table, current, { adds, gone, dataChange: true }));
      }
    }).catch((error: unknown) => {
      for (const [path, file] of changes) if (!this.pending.has(path)) this.pending.set(path, file);
      throw error;
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
      for (const [record, table] of this.tables) await this.reconcileTable(table, listed.get(record)!, journal);
    });
  }

  private async reconcileTable(table: DeltaTable, files: ReadonlyMap<string, number>, journal: Journal): Promise<void> {
    const { old, merging, coming } = journal.mergedFiles();
    const before = await table.current();
    if (files.size === 0 && table.lastVersion < 0) return;
    const removed = new Set(before.removed.keys());
    const adds: AddedFile[] = [];
    for (const [path, size] of files) {
      const full = `${table.record}/${path}`;
      const isOut =
        old.has(full) || coming.has(full) || (removed.has(path) && merging.has(full)) || this.isMerged(journal, full);
      // One of another size was replaced, and its process ended before it could tell.
      if (before.active.get(path)?.size !== size && !isOut) adds.push(await this.fileOf(full, size));
    }
    const gone: string[] = [];
    for (const path of before.active.keys())
      if (!files.has(path) && !(await this.isThere(`${table.record}/${path}`))) gone.push(path);
    for (const [path, at] of before.removed)
      if (!files.has(path) && Date.now() - at > REMEMBERED_MS) before.removed.delete(path);
    await table.commit('RECONCILE', (current) =>
      this.actions(table, current, {
        // What others removed while footers were read stays out.
        adds: adds.filter(
          ({ path, size }) =>
            current.active.get(path)?.size !== size && (removed.has(path) || !current.removed.has(path)),
        ),
        gone,
        dataChange: true,
      }),
    );
  }

  /** Whether a part was written by a process that did not know that a compacted file has its image. */
  private isMerged(journal: Journal, path: string): boolean {
    const image = imageOfPart(path);
    return image !== null && journal.isCompacted(path.slice(0, path.indexOf('/')), partitionOf(path), image);
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
        const gone = own.flatMap((entry) => entry.inputs.map(inTable));
        await table.commit('OPTIMIZE', (current) =>
          this.actions(table, current, {
            adds: adds.filter(({ path }) => !current.active.has(path)),
            gone,
            dataChange: false,
          }),
        );
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
  close(): Promise<void> {
    return this.flush();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.writing.then(work);
    this.writing = done.catch(() => undefined);
    return done;
  }

  /**
   * What a commit says: the columns, where they are not known yet or are others by now, and the files. Where the keys of
   * the folders are others, every file is listed anew, with the values of the keys that count.
   */
  private actions(
    { record }: DeltaTable,
    current: Snapshot,
    { adds, gone, dataChange }: { adds: readonly AddedFile[]; gone: readonly string[]; dataChange: boolean },
  ): Action[] {
    const { metadata } = current;
    // Keys are only ever left out: a process that began before knows more of them than count now.
    const keys = this.settings.partition.filter((key) => metadata?.partitionColumns.includes(key) !== false);
    const schemaString = tableColumns(recordTypeNamed(record), keys);
    const keepsKeys = metadata?.partitionColumns.join() === keys.join();
    const made: TableMetadata = {
      id: metadata?.id ?? randomUUID(),
      name: record,
      schemaString,
      partitionColumns: keys,
      createdTime: metadata?.createdTime ?? Date.now(),
    };
    const others = new Set([...gone, ...adds.map(({ path }) => path)]);
    const again = keepsKeys ? [] : [...current.active.values()].filter(({ path }) => !others.has(path));
    const placed = (file: AddedFile, isNew: boolean): Action => ({
      add: { ...file, partitionValues: valuesOf(`${record}/${file.path}`, keys), dataChange: isNew },
    });
    return [
      ...(keepsKeys && metadata.schemaString === schemaString ? [] : [{ metaData: made }]),
      ...gone
        .filter((path) => current.active.has(path))
        .map((path) => ({ remove: { path, deletionTimestamp: Date.now(), dataChange } })),
      ...again.map((file) => placed(file, false)),
      ...adds.map((file) => placed(file, dataChange)),
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
      // Told by the commit, which knows the keys that count.
      partitionValues: {},
      size,
      modificationTime: Date.now(),
      dataChange: true,
      stats: await fileStatistics(local, recordTypeNamed(path.slice(0, path.indexOf('/')))),
    };
  }
}

/** The values of some keys in the names of a file's folders. */
function valuesOf(path: string, keys: readonly string[]): Record<string, string | null> {
  const values = partitionValues(path);
  return Object.fromEntries(keys.map((key) => [key, values[key] ?? null]));
}

/** A dataset's path from the folder of its record type: `pool_tag/v=2/part-1.parquet` → `v=2/part-1.parquet`. */
function inTable(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
