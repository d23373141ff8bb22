import { stat } from 'node:fs/promises';
import { RECORD_TYPES, recordTypeNamed } from '../../record/schema/record-types.js';
import { type DatasetSettings, PART_EXTENSION, type TableFormat } from '../store/dataset-settings.js';
import { type CompactionEntry, Journal } from '../store/journal.js';
import { imageOfPart, partitionOf, versionFolders } from '../store/partition.js';
import type { Staging } from '../store/staging.js';
import type { DatasetStore } from '../store/store.js';
import { fileStatistics } from './file-statistics.js';
import type { DataFile, TableForm } from './table-form.js';
import { formsOf, TABLE_FORMS } from './table-forms.js';

/** Changes that are kept back to be one commit: a commit an image would make readers read as many files. */
const MAX_PENDING = 64;
/** Milliseconds after which changes that are kept back become a commit anyway. */
const FLUSH_MS = 5000;
/** Milliseconds for which a table remembers files that are gone. */
const REMEMBERED_MS = 7 * 24 * 3600 * 1000;

/**
 * The tables over a dataset's files, one for each record type and form. Files and journal are the truth; the tables
 * follow from them: what was not committed when a process ended is found when the dataset is opened next.
 */
export class TableLog {
  private readonly pending = new Map<string, DataFile | null>();
  /** Files that this process wrote, so that their footers need not be read again. */
  private readonly described = new Map<string, DataFile>();
  /** Files of others, for as long as the tables are made to follow them: a footer is read once, whichever table asks. */
  private readonly read = new Map<string, DataFile>();
  private timer: NodeJS.Timeout | null = null;
  /** Commits of one process follow one another. */
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly store: DatasetStore,
    private readonly staging: Staging,
    private readonly tables: readonly TableForm[],
  ) {}

  /** The tables of a dataset; null where its settings want none. */
  static async of(
    store: DatasetStore,
    staging: Staging,
    { table, partition }: DatasetSettings,
  ): Promise<TableLog | null> {
    const tables: TableForm[] = [];
    for (const form of formsOf(table)) {
      const open = await TABLE_FORMS[form]();
      tables.push(...RECORD_TYPES.map((recordType) => open({ store, staging, recordType, partition })));
    }
    return tables.length === 0 ? null : new TableLog(store, staging, tables);
  }

  /** The same tables, of some forms alone: what they know of themselves stays known. */
  limitedTo(table: TableFormat): TableLog {
    const forms = formsOf(table);
    return new TableLog(
      this.store,
      this.staging,
      this.tables.filter(({ form }) => forms.includes(form)),
    );
  }

  /** Looks at a finished file before it is moved to its place in the dataset. */
  async describe(path: string, local: string): Promise<void> {
    this.described.set(path, await fileAt(path, local, (await stat(local)).size));
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

  private async note(path: string, file: DataFile | null): Promise<void> {
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
      for (const table of this.tables) {
        const own = changes.filter(([path]) => path.startsWith(`${table.record}/`));
        if (own.length === 0) continue;
        const adds = await this.withoutMerged(
          table,
          own.flatMap(([, file]) => file ?? []),
        );
        const gone = own.flatMap(([path, file]) => (file === null ? inTable(path) : []));
        await table.commit('write', () => ({ adds, gone }));
      }
    }).catch((error: unknown) => {
      for (const [path, file] of changes) if (!this.pending.has(path)) this.pending.set(path, file);
      throw error;
    });
  }

  /** Without parts that this process wrote again, not knowing that a compaction has merged them meanwhile. */
  private async withoutMerged(table: TableForm, adds: readonly DataFile[]): Promise<readonly DataFile[]> {
    const { active, removed } = await table.current();
    if (!adds.some(({ path }) => removed.has(path) && !active.has(path))) return adds;
    const journal = await Journal.load(this.store);
    return adds.filter(({ path }) => !isMerged(journal, `${table.record}/${path}`));
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
      for (const table of this.tables) await this.reconcileTable(table, listed.get(table.record)!, journal);
      this.read.clear();
    });
  }

  private async reconcileTable(table: TableForm, files: ReadonlyMap<string, number>, journal: Journal): Promise<void> {
    const { old, merging, coming } = journal.mergedFiles();
    const before = await table.current();
    if (files.size === 0 && table.lastVersion < 0) return;
    const removed = new Set(before.removed.keys());
    const adds: DataFile[] = [];
    for (const [path, size] of files) {
      const full = `${table.record}/${path}`;
      const isOut =
        old.has(full) || coming.has(full) || (removed.has(path) && merging.has(full)) || isMerged(journal, full);
      // One of another size was replaced, and its process ended before it could tell.
      if (before.active.get(path)?.size !== size && !isOut) adds.push(await this.fileOf(full, size));
    }
    const gone: string[] = [];
    for (const path of before.active.keys())
      if (
        isMerged(journal, `${table.record}/${path}`) ||
        (!files.has(path) && !(await this.store.has(`${table.record}/${path}`)))
      )
        gone.push(path);
    const longGone = [...before.removed].filter(([path, at]) => !files.has(path) && Date.now() - at > REMEMBERED_MS);
    table.forgetRemoved(longGone.map(([path]) => path));
    await table.commit('reconcile', (current) => ({
      // What others removed while footers were read stays out.
      adds: adds.filter(
        ({ path, size }) =>
          current.active.get(path)?.size !== size && (removed.has(path) || !current.removed.has(path)),
      ),
      gone,
    }));
  }

  /**
   * The new files of compactions are all in place, and count from now on instead of those that they were made from: one
   * commit for each table.
   */
  merged(entries: readonly Pick<CompactionEntry, 'record' | 'inputs' | 'outputs'>[]): Promise<void> {
    return this.inTurn(async () => {
      for (const table of this.tables) {
        const own = entries.filter((entry) => entry.record === table.record);
        await table.current();
        if (own.length === 0 && table.lastVersion < 0) continue;
        const adds: DataFile[] = [];
        for (const path of own.flatMap(({ outputs }) => outputs)) adds.push(await this.fileOf(path, null));
        const gone = own.flatMap((entry) => entry.inputs.map(inTable));
        await table.commit('merge', (current) => ({
          adds: adds.filter(({ path }) => !current.active.has(path)),
          gone,
        }));
      }
      this.described.clear();
      this.read.clear();
    });
  }

  /** Removes the tables, whatever is in them. */
  clear(): Promise<void> {
    return this.inTurn(async () => {
      for (const table of this.tables) await table.clear();
    });
  }

  /** Each table that has versions, as it is now. */
  async existing(): Promise<readonly TableForm[]> {
    const found = [];
    for (const table of this.tables) {
      await table.current();
      if (table.lastVersion >= 0) found.push(table);
    }
    return found;
  }

  /** The files, from the dataset's root, that only earlier versions of the tables list. */
  async oldFiles(): Promise<Set<string>> {
    const { old } = (await Journal.load(this.store)).mergedFiles();
    const files = new Set(old);
    for (const table of await this.existing())
      for (const path of (await table.current()).removed.keys()) files.add(`${table.record}/${path}`);
    return files;
  }

  /** Commits what is pending. @throws PoolTrackerError RECORDS_DAMAGED, OUTPUT_FAILED */
  async close(): Promise<void> {
    // What is under way puts its changes back where it fails.
    await this.writing;
    await this.flush();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.writing.then(work);
    this.writing = done.catch(() => undefined);
    return done;
  }

  private async listed(record: string): Promise<Map<string, number>> {
    const files = new Map<string, number>();
    for (const folder of versionFolders(record))
      for await (const { path, bytes } of this.store.list(folder))
        if (path.endsWith(PART_EXTENSION.parquet)) files.set(inTable(path), bytes);
    return files;
  }

  /** @param size in bytes; null where it is not known yet */
  private async fileOf(path: string, size: number | null): Promise<DataFile> {
    const known = this.described.get(path) ?? this.read.get(path);
    if (known !== undefined && (size === null || known.size === size)) return known;
    const local = await this.store.localPath(path, await this.staging.folder());
    const file = await fileAt(path, local, size ?? (await stat(local)).size);
    this.read.set(path, file);
    return file;
  }
}

/** Whether a part was written by a process that did not know that a compacted file has its image. */
function isMerged(journal: Journal, path: string): boolean {
  const image = imageOfPart(path);
  return image !== null && journal.isCompacted(path.slice(0, path.indexOf('/')), partitionOf(path), image);
}

async function fileAt(path: string, local: string, size: number): Promise<DataFile> {
  return {
    path: inTable(path),
    size,
    modificationTime: Date.now(),
    statistics: await fileStatistics(local, recordTypeNamed(path.slice(0, path.indexOf('/')))),
  };
}

/** A dataset's path from the folder of its record type: `pool_tag/v=2/part-1.parquet` → `v=2/part-1.parquet`. */
function inTable(path: string): string {
  return path.slice(path.indexOf('/') + 1);
}
