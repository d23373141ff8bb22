import { createInterface } from 'node:readline';
import { ownerName } from './staging.js';
import type { DatasetStore, LineLog } from './store.js';

const FOLDER = '_journal';

/** One image, done: written after its records are in place. */
export interface ImageEntry {
  readonly type: 'image';
  /** When, in milliseconds since 1970 UTC; of two entries of one source the later one holds. */
  readonly at: number;
  /** The image's full path or URL. */
  readonly source: string;
  /** Changes when the image does (see image-version.ts); null when nothing tells. */
  readonly version: string | null;
  readonly status: 'ok' | 'incomplete' | 'failed';
  readonly imageId: string;
  /** The partition that its records lie in. */
  readonly folder: string;
  /** Record types written. */
  readonly records: readonly string[];
}

/**
 * Files of one partition merged: `begun` names all before any is moved, so that whoever comes next can end it. A whole
 * run has an entry of its own, without files, that keeps others from compacting meanwhile.
 */
export interface CompactionEntry {
  readonly type: 'compaction';
  readonly at: number;
  readonly id: string;
  /** The process that began it (see staging.ts). */
  readonly owner: string;
  readonly state: 'begun' | 'done' | 'undone';
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Record type, partition and images of the rows that the outputs hold. */
  readonly record: string;
  readonly folder: string;
  readonly images: readonly string[];
}

export type JournalEntry = ImageEntry | CompactionEntry;

/**
 * What is done in a dataset: the lines of every process that ever wrote to it, each in a file of its own, so that none
 * waits for another. A line cut short by the end of its process is as if it had not been written: its image is done
 * again, and gives the same files.
 */
export class Journal {
  private readonly images = new Map<string, ImageEntry>();
  /** The sources that have the memory of a part, by partition and image; more than one where it was taken or named twice. */
  private readonly claims = new Map<string, string[]>();
  private readonly compactions = new Map<string, CompactionEntry>();
  private readonly compacted = new Set<string>();
  private readonly folders = new Map<string, string>();
  private log: Promise<LineLog> | null = null;
  /** Every file that was read. */
  readonly files: string[] = [];

  private constructor(private readonly store: DatasetStore) {}

  /** @throws PoolTrackerError OUTPUT_FAILED */
  static async load(store: DatasetStore): Promise<Journal> {
    const journal = new Journal(store);
    for await (const { path } of store.list(FOLDER)) journal.files.push(path);
    for (const path of journal.files.sort()) {
      const input = await store.open(path);
      if (input === null) continue;
      for await (const line of createInterface({ input, crlfDelay: Infinity })) journal.take(line);
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
    if (entry?.type === 'image' && typeof entry.source === 'string' && typeof entry.imageId === 'string')
      this.noteImage(entry as ImageEntry);
    else if (entry?.type === 'compaction' && typeof entry.id === 'string')
      this.noteCompaction(entry as CompactionEntry);
  }

  private noteImage(entry: ImageEntry): void {
    const before = this.images.get(entry.source);
    if (before !== undefined && before.at > entry.at) return;
    const folder = this.folders.get(entry.folder) ?? entry.folder;
    this.folders.set(folder, folder);
    this.images.set(entry.source, { ...entry, folder });
    if (before !== undefined) this.claims.set(partOf(before), this.otherClaims(before));
    this.claims.set(partOf(entry), [...this.otherClaims(entry), entry.source]);
  }

  private noteCompaction(entry: CompactionEntry): void {
    const before = this.compactions.get(entry.id);
    if (before !== undefined && (before.at > entry.at || (before.at === entry.at && before.state !== 'begun'))) return;
    // The long list of images is kept once, where it is asked for; one that is undone has none.
    this.compactions.set(entry.id, entry.state === 'begun' ? entry : { ...entry, images: [] });
    if (entry.state === 'done')
      for (const image of entry.images) this.compacted.add(`${entry.record}/${entry.folder}/${image}`);
  }

  /** What is known of a source; undefined when it was never done. */
  image(source: string): ImageEntry | undefined {
    return this.images.get(source);
  }

  /** The other sources that have the same memory in the same partition. */
  otherClaims(entry: Pick<ImageEntry, 'source' | 'folder' | 'imageId'>): string[] {
    return (this.claims.get(partOf(entry)) ?? []).filter((source) => source !== entry.source);
  }

  /** Whether a compacted file holds the records of this image. */
  isCompacted(record: string, folder: string, imageId: string): boolean {
    return this.compacted.has(`${record}/${folder}/${imageId}`);
  }

  /** The compactions that have not ended. */
  openCompactions(): CompactionEntry[] {
    return [...this.compactions.values()].filter(({ state }) => state === 'begun');
  }

  /** Adds an entry; resolves when it will outlive the process, where the store allows that. */
  async append(entry: JournalEntry): Promise<void> {
    this.log ??= this.store.openLog(`${FOLDER}/${ownerName()}-${Date.now()}.ndjson`);
    const log = await this.log;
    await log.append(JSON.stringify(entry));
    if (entry.type === 'image') {
      this.noteImage(entry);
    } else {
      // Files are about to go by this entry's word.
      await log.flush();
      this.noteCompaction(entry);
    }
  }

  async close(): Promise<void> {
    await (await this.log)?.close();
  }
}

function partOf({ folder, imageId }: Pick<ImageEntry, 'folder' | 'imageId'>): string {
  return `${folder}/${imageId}`;
}
