import { createInterface } from 'node:readline';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../errors.js';
import { outputFailed } from '../../../sink/file/output-error.js';
import { toolVersion } from '../../../record/schema/file-metadata.js';
import type { Staging } from '../../store/staging.js';
import type { DatasetStore } from '../../store/store.js';
import { VersionTries } from '../version-tries.js';
import { type Action, type AddedFile, commitText, damaged, parsedAction, PROTOCOL } from './actions.js';
import { checkpointActions, CheckpointFile } from './checkpoint.js';
import { Snapshot } from './snapshot.js';

const FOLDER = '_delta_log';
/** Commits after which readers are spared those before. */
const CHECKPOINT_COMMITS = 10;
const FILES_A_COMMIT = 640;

const numbered = (version: number, ending: string): string => `${String(version).padStart(20, '0')}${ending}`;

/**
 * The log of one Delta table: a folder of numbered commits, each a file that is made only where none of its number is.
 * Who comes second looks at what the first did, and tries the next number.
 */
export class DeltaTable {
  /** Of the last commit; -1 where there is none yet. */
  private version = -1;
  private checkpointed = -1;
  private snapshot = new Snapshot();

  /** @param record the table's folder, from the dataset's root */
  constructor(
    private readonly store: DatasetStore,
    private readonly staging: Staging,
    readonly record: string,
  ) {}

  /** What the table is now. @throws PoolTrackerError RECORDS_DAMAGED, OUTPUT_FAILED */
  async current(): Promise<Snapshot> {
    if (this.version < 0) await this.loadCheckpoint();
    while (await this.readCommit(this.version + 1)) this.version++;
    return this.snapshot;
  }

  /**
   * Adds a commit.
   * @param change the actions, from what the table is; asked again when another process was first. None: no commit
   * @throws PoolTrackerError RECORDS_DAMAGED, OUTPUT_FAILED
   */
  async commit(operation: string, change: (current: Snapshot) => Promise<readonly Action[]>): Promise<void> {
    for (const tries = new VersionTries(); ;) {
      const actions = await change(await this.current());
      if (actions.length === 0) return;
      await tries.begin(this.version + 1, this.nameOf(this.version + 1));
      const timestamp = Date.now();
      const info = { timestamp, operation, operationParameters: {}, engineInfo: `pool-tracker/${toolVersion()}` };
      const isFirst = this.version < 0;
      const text = `${isFirst ? `${JSON.stringify({ protocol: PROTOCOL })}\n` : ''}${commitText([{ commitInfo: info }, ...actions])}`;
      if (!(await this.store.create(this.pathOf(numbered(this.version + 1, '.json')), Buffer.from(text)))) continue;
      if (await this.isLate()) continue;
      this.version++;
      for (const action of actions) this.snapshot.apply(action);
      // A checkpoint lists every file: of many files it is worth it after more commits.
      const spacing = Math.max(CHECKPOINT_COMMITS, this.snapshot.active.size / FILES_A_COMMIT);
      if (this.version - Math.max(0, this.checkpointed) >= spacing) await this.checkpoint();
      return;
    }
  }

  /**
   * Whether a commit that was just made has a number that was taken and removed long ago, since commits go in their
   * order: then it goes as well, and the table is read anew.
   */
  private async isLate(): Promise<boolean> {
    if (this.version < 0) return false;
    if (await this.store.has(this.pathOf(numbered(this.version, '.json')))) return false;
    await this.store.remove(this.pathOf(numbered(this.version + 1, '.json')));
    this.reset();
    return true;
  }

  private reset(): void {
    this.version = -1;
    this.checkpointed = -1;
    this.snapshot = new Snapshot();
  }

  /** What the table was when it was looked at last. */
  get known(): Snapshot {
    return this.snapshot;
  }

  /** Number of the commits, the first is 0; -1 for a table without any. */
  get lastVersion(): number {
    return this.version;
  }

  /**
   * All that the log says of every file of the version that is known.
   * @throws PoolTrackerError RECORDS_DAMAGED where it does not say so of all; the log is read anew then
   */
  async listed(): Promise<AddedFile[]> {
    const { active } = this.snapshot;
    const files: AddedFile[] = [];
    for await (const file of this.listedAgain()) files.push(file);
    if (files.length === active.size) return files;
    this.reset();
    throw damaged(`${this.store.name}/${this.record}`, `${files.length} files in place of ${active.size}`);
  }

  /** As `listed`, one by one; fewer where another process has removed the last checkpoint, having made a later one. */
  private async *listedAgain(): AsyncGenerator<AddedFile> {
    const { active, recent } = this.snapshot;
    try {
      if (this.checkpointed >= 0)
        for await (const action of this.lastCheckpoint())
          if ('add' in action && active.has(action.add.path) && !recent.has(action.add.path)) yield action.add;
    } catch (error) {
      if (await this.store.has(this.checkpointPath)) throw error;
    }
    yield* recent.values();
  }

  /** Writes what spares readers all commits until now, which may be removed then. */
  private async checkpoint(): Promise<void> {
    const { version, snapshot } = this;
    const folder = await this.staging.folder();
    const local = join(folder, 'checkpoint.parquet');
    try {
      const size = await this.writeCheckpoint(local);
      // The next look at the table begins with the later one.
      if (size === null) return this.reset();
      await this.store.publish(local, this.pathOf(numbered(version, '.checkpoint.parquet')));
      await writeFile(local, JSON.stringify({ version, size }));
      await this.store.publish(local, this.pathOf('_last_checkpoint'));
    } catch (error) {
      throw outputFailed(local, error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    this.checkpointed = version;
    snapshot.recent.clear();
  }

  /** @returns the number of its lines; null where not all files are known any more */
  private async writeCheckpoint(local: string): Promise<number | null> {
    const { metadata, active, removed } = this.snapshot;
    const file = new CheckpointFile(local);
    if (metadata !== null) await file.add({ metaData: metadata });
    let files = 0;
    for await (const add of this.listedAgain()) {
      await file.add({ add });
      files++;
    }
    if (files !== active.size) return null;
    for (const [path, deletionTimestamp] of removed)
      await file.add({ remove: { path, deletionTimestamp, dataChange: false } });
    await file.end();
    return file.size;
  }

  /**
   * Removes the commits before the last checkpoint that is older than a time, and earlier checkpoints: versions from
   * there on stay readable.
   * @param before milliseconds since 1970 UTC
   * @returns how many files were removed
   */
  async forget(before: number): Promise<number> {
    const files = await this.files();
    const checkpoints = files.filter(({ isCheckpoint }) => isCheckpoint).map(({ version }) => version);
    let first = -1;
    for (const version of checkpoints) {
      const at = await this.timeOf(version);
      if (at !== null && at < before) first = Math.max(first, version);
    }
    const old = files.filter(({ version }) => version < first).sort((a, b) => a.version - b.version);
    for (const { path } of old) await this.store.remove(path);
    return old.length;
  }

  /** Removes all of the log, whatever is in it. */
  async clear(): Promise<void> {
    const paths: string[] = [];
    for await (const { path } of this.store.list(`${this.record}/${FOLDER}`)) paths.push(path);
    for (const path of paths.sort()) await this.store.remove(path);
    this.reset();
  }

  private pathOf(name: string): string {
    return `${this.record}/${FOLDER}/${name}`;
  }

  /** Starts from the last checkpoint, where there is one. */
  private async loadCheckpoint(): Promise<void> {
    let last = -1;
    for (const { version, isCheckpoint } of await this.files()) if (isCheckpoint) last = Math.max(last, version);
    if (last < 0) return;
    this.checkpointed = last;
    try {
      for await (const action of this.lastCheckpoint()) this.snapshot.applyCheckpointed(action);
      this.version = last;
    } catch (error) {
      this.reset();
      throw error;
    }
  }

  /** The lines of the last checkpoint that is known. */
  private async *lastCheckpoint(): AsyncGenerator<Action> {
    const path = this.checkpointPath;
    const folder = await this.staging.folder();
    try {
      yield* checkpointActions(await this.store.localPath(path, folder), `${this.store.name}/${path}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private get checkpointPath(): string {
    return this.pathOf(numbered(this.checkpointed, '.checkpoint.parquet'));
  }

  private async files(): Promise<
    { readonly path: string; readonly version: number; readonly isCheckpoint: boolean }[]
  > {
    const found = [];
    for await (const { path } of this.store.list(`${this.record}/${FOLDER}`)) {
      const [, version, ending] = /\/(\d{20})\.(json|checkpoint\.parquet)$/.exec(path) ?? [];
      // No log gets to numbers that a double does not hold one by one.
      if (version !== undefined && Number.isSafeInteger(Number(version) + 1))
        found.push({ path, version: Number(version), isCheckpoint: ending !== 'json' });
    }
    return found;
  }

  /** When a commit was made, as it says itself; null where it does not. */
  private async timeOf(version: number): Promise<number | null> {
    const info = (await this.linesOf(version))?.find(
      (line): line is { readonly commitInfo: { readonly timestamp?: unknown } } =>
        typeof line === 'object' && line !== null && 'commitInfo' in line,
    );
    const timestamp = info?.commitInfo.timestamp;
    return typeof timestamp === 'number' ? timestamp : null;
  }

  private async readCommit(version: number): Promise<boolean> {
    const lines = await this.linesOf(version);
    if (lines === null) return false;
    const where = this.nameOf(version);
    const actions = lines.map((line) => parsedAction(line, where)).filter((action) => action !== null);
    for (const action of actions) this.snapshot.apply(action);
    return true;
  }

  private nameOf(version: number): string {
    return `${this.store.name}/${this.pathOf(numbered(version, '.json'))}`;
  }

  private async linesOf(version: number): Promise<unknown[] | null> {
    const input = await this.store.open(this.pathOf(numbered(version, '.json')));
    if (input === null) return null;
    const where = this.nameOf(version);
    const lines: unknown[] = [];
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line === '') continue;
      try {
        lines.push(JSON.parse(line));
      } catch (error) {
        throw damaged(where, `a line that is no JSON (${messageOf(error)})`);
      }
    }
    return lines;
  }
}
