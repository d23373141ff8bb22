import { createInterface } from 'node:readline';
import { PoolTrackerError } from '../../errors.js';
import { askAhead } from './ask-ahead.js';
import { isRecordFile } from './partition.js';
import { ownerName } from './staging.js';
import type { DatasetStore, LineLog } from './store.js';

const FOLDER = '_journal';

/** An image that is done; written after its records are in place. */
export interface ImageEntry {
  readonly type: 'image';
  /** When, in milliseconds since 1970 UTC; of two entries for one source the later one applies. */
  readonly at: number;
  /** The image's full path or URL. */
  readonly source: string;
  /** Changes when the image does (see image-version.ts); null when changes cannot be detected. */
  readonly version: string | null;
  readonly status: 'ok' | 'incomplete' | 'failed';
  readonly imageId: string;
  /** The partition that its records lie in. */
  readonly folder: string;
  /** Record types written. */
  readonly records: readonly string[];
}

/** A file of a folder that was looked at and is no image. It has no records; this line is all that is kept of it. */
export interface PassedOverEntry {
  readonly type: 'passed-over';
  readonly at: number;
  /** As an image's. */
  readonly source: string;
  readonly version: string | null;
  /** Why it is no image, in one line. */
  readonly reason: string;
}

/**
 * Files of one partition merged: `begun` names all files before any is moved, so that the next process can finish it;
 * from `merged` on the new files count and the old ones do not. A whole run has an entry of its own, without files, that
 * prevents other compactions meanwhile.
 */
export interface CompactionEntry {
  readonly type: 'compaction';
  readonly at: number;
  readonly id: string;
  /** The process that began it (see staging.ts). */
  readonly owner: string;
  readonly state: 'begun' | 'merged' | 'done' | 'undone';
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Record type, partition and images of the rows that the outputs hold. */
  readonly record: string;
  readonly folder: string;
  readonly images: readonly string[];
  /** Whether the inputs stay when it is done, for readers of earlier versions of the tables. */
  readonly keepsInputs?: boolean;
}

const STATES: readonly string[] = ['begun', 'merged', 'done', 'undone'] satisfies CompactionEntry['state'][];

/** Files of compactions, from the dataset's root. */
export interface MergedFiles {
  /** What was merged and counts no more, and stays for readers of earlier versions or of the folder. */
  readonly old: ReadonlySet<string>;
  /** What unfinished ones merge, and into what: which of both counts, the tables say. */
  readonly merging: ReadonlySet<string>;
  readonly coming: ReadonlySet<string>;
}

export type JournalEntry = ImageEntry | PassedOverEntry | CompactionEntry;

/**
 * What has been done in a dataset: lines from every process that ever wrote to it, each process with a file of its own,
 * so that none waits for another. A line cut short by the end of its process counts as not written: its image is
 * scanned again, and gives the same files.
 */
export class Journal {
  private readonly images = new Map<string, ImageEntry>();
  /** The sources that contain or contained an image's memory; more than one when it was captured or named twice. */
  private readonly sources = new Map<string, readonly string[]>();
  private readonly passedOver = new Map<string, PassedOverEntry>();
  private readonly compactions = new Map<string, CompactionEntry>();
  /** Images in compacted files, by record type and partition. */
  private readonly compacted = new Map<string, Set<string>>();
  /** What many entries have alike, held once. */
  private readonly folders = new Map<string, string>();
  private readonly records = new Map<string, readonly string[]>();
  private log: Promise<LineLog> | null = null;
  /** Every file of the journal that was read. */
  readonly files: string[] = [];

  private constructor(private readonly store: DatasetStore) {}

  /** @throws PoolTrackerError OUTPUT_FAILED */
  static async load(store: DatasetStore): Promise<Journal> {
    const journal = new Journal(store);
    for await (const { path } of store.list(FOLDER)) journal.files.push(path);
    const opened = askAhead(
      journal.files.sort(),
      async (path) => {
        const ahead = await store.open(path);
        // One that breaks before its turn is opened again.
        ahead?.on('error', () => undefined);
        return { path, ahead };
      },
      ({ ahead }) => void ahead?.destroy(),
    );
    for await (const { path, ahead } of opened) {
      const input = ahead?.destroyed === true ? await store.open(path) : ahead;
      if (input !== null) for await (const line of createInterface({ input, crlfDelay: Infinity })) journal.take(line);
    }
    return journal;
  }

  private take(line: string): void {
    let entry: Partial<JournalEntry> | null;
    try {
      entry = JSON.parse(line) as Partial<JournalEntry> | null;
    } catch {
      return;
    }
    if (entry?.type === 'image' && isImageEntry(entry)) this.noteImage(entry);
    else if (entry?.type === 'passed-over' && isPassedOverEntry(entry)) this.notePassedOver(entry);
    else if (entry?.type === 'compaction' && isCompactionEntry(entry)) {
      // Files are removed on the strength of these paths.
      const odd = [...entry.inputs, ...entry.outputs].find((path) => !isRecordFile(entry.record, path));
      if (odd !== undefined)
        throw new PoolTrackerError(
          'RECORDS_DAMAGED',
          `${this.store.name}: its journal names ${JSON.stringify(odd)}, which is no file of records of a dataset`,
          { hint: `look at who wrote it, and remove the line from ${FOLDER}` },
        );
      this.noteCompaction(entry);
    }
  }

  private noteImage(entry: ImageEntry): void {
    const before = this.images.get(entry.source);
    if (before !== undefined && before.at > entry.at) return;
    const { source, imageId } = entry;
    const folder = held(this.folders, entry.folder, entry.folder);
    const records = held(this.records, JSON.stringify(entry.records), entry.records);
    this.images.set(source, { ...entry, folder, records });
    const sources = this.sources.get(imageId) ?? [];
    if (!sources.includes(source)) this.sources.set(imageId, [...sources, source]);
  }

  private notePassedOver(entry: PassedOverEntry): void {
    const before = this.passedOver.get(entry.source);
    if (before === undefined || before.at <= entry.at) this.passedOver.set(entry.source, entry);
  }

  private noteCompaction(entry: CompactionEntry): void {
    const before = this.compactions.get(entry.id);
    const order = ({ at, state }: CompactionEntry): number => at * STATES.length + STATES.indexOf(state);
    if (before !== undefined && order(before) >= order(entry)) return;
    // The long list of images is kept only while it is needed.
    this.compactions.set(entry.id, isOpen(entry) ? entry : { ...entry, images: [] });
    if (entry.state !== 'done') return;
    const compacted = held(this.compacted, `${entry.record}/${entry.folder}`, new Set<string>());
    for (const image of entry.images) compacted.add(image);
  }

  /** The latest entry of a source; undefined when there is none. */
  image(source: string): ImageEntry | undefined {
    return this.images.get(source);
  }

  /** Whether the latest that is known of a source is that this version of it was passed over for this reason. */
  isPassedOver({ source, version, reason }: Pick<PassedOverEntry, 'source' | 'version' | 'reason'>): boolean {
    const entry = this.passedOver.get(source);
    const isLatest = entry !== undefined && entry.at >= (this.images.get(source)?.at ?? -Infinity);
    return isLatest && entry.version === version && entry.reason === reason;
  }

  /** The other sources with the same memory in the same partition. */
  otherClaims({ source, folder, imageId }: Pick<ImageEntry, 'source' | 'folder' | 'imageId'>): string[] {
    return (this.sources.get(imageId) ?? []).filter((other) => {
      const latest = this.images.get(other);
      return other !== source && latest?.folder === folder && latest.imageId === imageId;
    });
  }

  /** Whether a compacted file holds the records of this image. */
  isCompacted(record: string, folder: string, imageId: string): boolean {
    return this.compacted.get(`${record}/${folder}`)?.has(imageId) === true;
  }

  /** The compactions that are not finished. */
  openCompactions(): CompactionEntry[] {
    return [...this.compactions.values()].filter(isOpen);
  }

  /** The files of compactions, which may still be there. */
  mergedFiles(): MergedFiles {
    const entries = [...this.compactions.values()];
    const kept = entries.filter(
      ({ state, keepsInputs }) => state === 'merged' || (state === 'done' && keepsInputs === true),
    );
    const begun = entries.filter(({ state }) => state === 'begun');
    return {
      old: new Set(kept.flatMap(({ inputs }) => inputs)),
      merging: new Set(begun.flatMap(({ inputs }) => inputs)),
      coming: new Set(begun.flatMap(({ outputs }) => outputs)),
    };
  }

  /** Adds an entry; resolves when it will survive the end of the process, where the store can promise that. */
  async append(entry: JournalEntry): Promise<void> {
    this.log ??= this.store.openLog(`${FOLDER}/${ownerName()}-${Date.now()}.ndjson`);
    const log = await this.log;
    await log.append(JSON.stringify(entry));
    if (entry.type === 'image') {
      this.noteImage(entry);
    } else if (entry.type === 'passed-over') {
      this.notePassedOver(entry);
    } else {
      // Files are about to be removed on the strength of this entry.
      await log.flush();
      this.noteCompaction(entry);
    }
  }

  async close(): Promise<void> {
    await (await this.log)?.close();
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

function isImageEntry(entry: Partial<ImageEntry>): entry is ImageEntry {
  const { source, imageId, at, folder, records, version } = entry;
  return (
    isText(source) &&
    isText(imageId) &&
    typeof at === 'number' &&
    isText(folder) &&
    isTexts(records) &&
    (version === null || isText(version))
  );
}

function isPassedOverEntry(entry: Partial<PassedOverEntry>): entry is PassedOverEntry {
  const { source, at, reason, version } = entry;
  return isText(source) && typeof at === 'number' && isText(reason) && (version === null || isText(version));
}

/** Whether a compaction was not finished. */
function isOpen({ state }: CompactionEntry): boolean {
  return state === 'begun' || state === 'merged';
}

function isCompactionEntry(entry: Partial<CompactionEntry>): entry is CompactionEntry {
  const { id, at, owner, state, inputs, outputs, record, folder, images } = entry;
  return (
    isText(id) &&
    typeof at === 'number' &&
    isText(owner) &&
    isText(state) &&
    STATES.includes(state) &&
    isTexts(inputs) &&
    isTexts(outputs) &&
    isText(record) &&
    isText(folder) &&
    isTexts(images)
  );
}

/** The value that is held under a key: the first that came. */
function held<T>(all: Map<string, T>, key: string, value: T): T {
  const first = all.get(key) ?? value;
  all.set(key, first);
  return first;
}
