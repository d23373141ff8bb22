import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PoolTrackerError } from '../../errors.js';
import type { RecordType, Row } from '../../record/schema/record-type.js';
import { openSink, writeRows } from '../../sink/open-sink.js';
import { sinkNamed } from '../../sink/sinks.js';
import { planCompaction, type CompactionGroup } from './compaction-plan.js';
import { askAhead } from '../store/ask-ahead.js';
import { existingSettings, PART_EXTENSION, writeSettings, type DatasetSettings } from '../store/dataset-settings.js';
import { Journal, type CompactionEntry } from '../store/journal.js';
import { openStore } from '../store/open-store.js';
import { imageOfPart, recordFolder } from '../store/partition.js';
import { partRows, sortedRows } from './sorted-rows.js';
import { isGone, ownerName, Staging } from '../store/staging.js';
import type { DatasetStore, StoredFile } from '../store/store.js';
import { TableLog } from '../table/table.js';

export interface CompactOptions {
  /** Target size of files, in bytes. */
  readonly targetBytes: number;
  /** Milliseconds for which the old files stay beside the new ones, for readers that have already listed them. */
  readonly graceMs: number;
  /** Whether the old files stay for readers of earlier versions of the tables, until they are cleaned away (vacuum). */
  readonly keepOld?: boolean;
  /** Partition keys to keep, fewer than the dataset has; all by default. */
  readonly partition?: readonly string[];
}

export interface Compacted {
  readonly filesBefore: number;
  readonly filesAfter: number;
  readonly rows: number;
}

/**
 * Merges the small files of a dataset. Every new file is complete before it gets its name, and the old ones stay until
 * all new ones are in place and the grace period is over, so a reader never misses a row. A reader that lists the files
 * during the grace period sees the rows of merged images twice. One that lists them just before the old ones are
 * removed and opens them just after finds a file missing and has to list again; a folder cannot be changed under a
 * reader without that.
 *
 * @throws PoolTrackerError USAGE, OUTPUT_FAILED, RECORDS_DAMAGED
 */
export async function compact(dataset: string, options: CompactOptions): Promise<Compacted> {
  const store = openStore(dataset);
  const before = await existingSettings(store);
  const staging = await Staging.open(store.stagingFolder);
  let journal = await Journal.load(store);
  try {
    if (options.keepOld === true && before.table === 'none')
      throw new PoolTrackerError('USAGE', '--keep-old: expected a dataset with tables, found one without', {
        hint: 'without a log readers would see old and new files; pool-tracker table rebuild DATASET makes one',
      });
    const run = await beginRun(journal);
    await journal.close();
    journal = await Journal.load(store);
    requireAlone(journal, run);
    const table = await TableLog.of(store, staging, before);
    await endCompactions(store, journal, table);
    await table?.reconcile();
    const settings = { ...before, partition: keptKeys(before, options.partition) };
    if (settings.partition.length < before.partition.length) await writeSettings(store, staging, settings);
    const merged = await TableLog.of(store, staging, settings);
    const compactor = new Compactor(store, journal, staging, settings, options, merged);
    const begun: CompactionEntry[] = [];
    const old = (await merged?.oldFiles()) ?? new Set();
    for (const group of await planCompaction(store, settings, options.targetBytes, old))
      begun.push(await compactor.write(group));
    // Readers of the tables go from the old files to the new ones at this moment, those of the journal at the next.
    await merged?.merged(begun);
    for (const entry of begun) await journal.append({ ...entry, at: Date.now(), state: 'merged' });
    if (begun.length > 0) await delay(options.graceMs);
    for (const entry of begun) await finish(store, journal, entry);
    await journal.append({ ...run, at: Date.now(), state: 'done' });
    const total = (of: (entry: CompactionEntry) => number): number => begun.reduce((sum, entry) => sum + of(entry), 0);
    return {
      filesBefore: total(({ inputs }) => inputs.length),
      filesAfter: total(({ outputs }) => outputs.length),
      rows: compactor.rows,
    };
  } finally {
    await journal.close();
    await staging.close();
  }
}

async function beginRun(journal: Journal): Promise<CompactionEntry> {
  const owner = ownerName();
  const run: CompactionEntry = {
    type: 'compaction',
    at: Date.now(),
    id: `run ${owner} ${Date.now()}`,
    owner,
    state: 'begun',
    record: '',
    folder: '',
    inputs: [],
    outputs: [],
    images: [],
  };
  await journal.append(run);
  return run;
}

/** Two compactions of the same files would produce every row twice. */
function requireAlone(journal: Journal, run: CompactionEntry): void {
  const other = journal.openCompactions().find((entry) => entry.id !== run.id && !isGone(entry.owner, entry.at));
  if (other !== undefined) {
    throw new PoolTrackerError('USAGE', `another compaction is at work on this dataset (${other.owner})`, {
      hint: 'wait until it has ended',
    });
  }
}

function keptKeys({ partition }: DatasetSettings, kept: readonly string[] | undefined): readonly string[] {
  if (kept === undefined) return partition;
  const unknown = kept.find((key) => !partition.includes(key));
  if (unknown !== undefined)
    throw new PoolTrackerError(
      'USAGE',
      `--partition: expected some of ${partition.join(',') || '(none)'}, found '${unknown}'`,
      { hint: 'compacting can only leave keys out' },
    );
  return partition.filter((key) => kept.includes(key));
}

/** Finishes what killed processes had begun: completes it when all new files are in place, else undoes it. */
export async function endCompactions(store: DatasetStore, journal: Journal, table: TableLog | null): Promise<void> {
  for (const entry of journal.openCompactions().filter(({ owner, at }) => isGone(owner, at))) {
    if (await allThere(store, entry.outputs)) {
      await table?.merged([entry]);
      if (entry.state === 'begun') await journal.append({ ...entry, at: Date.now(), state: 'merged' });
      await finish(store, journal, entry);
    } else {
      for (const path of entry.outputs) await store.remove(path);
      await journal.append({ ...entry, at: Date.now(), state: 'undone', images: [] });
    }
  }
}

async function allThere(store: DatasetStore, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (!(await store.has(path))) return false;
  return true;
}

async function finish(store: DatasetStore, journal: Journal, entry: CompactionEntry): Promise<void> {
  if (!(await allThere(store, entry.outputs)))
    throw new PoolTrackerError(
      'OUTPUT_FAILED',
      `${store.name}: a compacted file no longer exists; the files that it was made from are kept`,
    );
  if (entry.keepsInputs !== true) for (const path of entry.inputs) await store.remove(path);
  await journal.append({ ...entry, at: Date.now(), state: 'done' });
}

class Compactor {
  rows = 0;

  constructor(
    private readonly store: DatasetStore,
    private readonly journal: Journal,
    private readonly staging: Staging,
    private readonly settings: DatasetSettings,
    private readonly options: CompactOptions,
    private readonly table: TableLog | null,
  ) {}

  /** Writes the new files of a group and moves them into place; the old ones stay. */
  async write(group: CompactionGroup): Promise<CompactionEntry> {
    const work = await this.staging.folder();
    try {
      const id = createHash('sha256')
        .update(group.inputs.map(({ path, bytes }) => `${path} ${bytes}\n`).join(''))
        .digest('hex')
        .slice(0, 32);
      // Of parts without rows as well: they are done, too.
      const images = new Set(group.inputs.flatMap(({ path }) => imageOfPart(path) ?? []));
      const staged = await this.stage(group, work, id, images);
      const folder = recordFolder(group.recordType.name, group.folder);
      const entry: CompactionEntry = {
        type: 'compaction',
        at: Date.now(),
        id,
        owner: ownerName(),
        state: 'begun',
        record: group.recordType.name,
        folder: group.folder,
        inputs: group.inputs.map(({ path }) => path),
        outputs: staged.map((name) => `${folder}/${name}`),
        images: [...images],
        ...(this.options.keepOld === true ? { keepsInputs: true } : {}),
      };
      await this.journal.append(entry);
      for (const name of staged) {
        await this.table?.describe(`${folder}/${name}`, join(work, name));
        await this.store.publish(join(work, name), `${folder}/${name}`);
      }
      return entry;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  /** @returns the names of the files */
  private async stage(
    { recordType, inputs }: CompactionGroup,
    work: string,
    id: string,
    images: Set<string>,
  ): Promise<string[]> {
    const files = Math.max(1, Math.round(inputs.reduce((sum, { bytes }) => sum + bytes, 0) / this.options.targetBytes));
    const before = this.rows;
    const sorted = sortedRows(this.inputRows(recordType, inputs, work, images), recordType, work)[
      Symbol.asyncIterator
    ]();
    const names: string[] = [];
    // Sorting reads all rows before it yields any, so the number of rows is known from here on.
    let next = await sorted.next();
    const rowsOfFile = Math.ceil((this.rows - before) / files);
    async function* some(): AsyncGenerator<Row> {
      for (let row = 0; row < rowsOfFile && next.done !== true; row++, next = await sorted.next()) yield next.value;
    }
    while (next.done !== true) {
      const name = `compact-${id}-${names.length}${PART_EXTENSION[this.settings.format]}`;
      const sink = await openSink(
        { recordType, format: sinkNamed(this.settings.format), target: join(work, name) },
        { staged: true },
      );
      await writeRows(recordType, some(), sink);
      names.push(name);
    }
    return names;
  }

  /** A part holds the records of its image even where a compacted file has them too: it was written later. */
  private async *inputRows(
    recordType: RecordType,
    inputs: readonly StoredFile[],
    work: string,
    images: Set<string>,
  ): AsyncGenerator<Row> {
    const parts = new Set(inputs.map(({ path }) => imageOfPart(path)));
    const copies = askAhead(
      inputs,
      async ({ path }) => ({ path, local: await this.store.localPath(path, work) }),
      // Of a bucket's file there is a copy; the other is the dataset's own.
      ({ local }) => (local.startsWith(join(work, sep)) ? rm(local, { force: true }) : undefined),
    );
    for await (const { path, local } of copies) {
      const isPart = imageOfPart(path) !== null;
      for await (const row of partRows(local, recordType)) {
        const image = String(row.image_id);
        if (!isPart && parts.has(image)) continue;
        images.add(image);
        this.rows++;
        yield row;
      }
    }
  }
}
