import { rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { IMAGE, RECORD_TYPES } from '../../record/schema/record-types.js';
import { PART_EXTENSION, type PartFormat } from '../store/dataset-settings.js';
import type { ScannedImage, StagedFile } from './image-task.js';
import type { ImageEntry, Journal } from '../store/journal.js';
import { olderPartPaths, partPath, versionFolders } from '../store/partition.js';
import type { DatasetStore } from '../store/store.js';
import type { TableLog } from '../table/table.js';
import { allDone } from '../../work.js';

/** How an image's records came into the dataset. */
export type Publication =
  | 'published'
  /** The same memory lies there under a name that sorts before this one. */
  | 'same-memory'
  /** It failed, but an earlier run had read the same file: what that gave is kept. */
  | 'kept-earlier';

/** Moves finished files of records into place, notes that in the journal, and removes what they replace. */
export class Publisher {
  private constructor(
    private readonly store: DatasetStore,
    private readonly journal: Journal,
    private readonly format: PartFormat,
    private readonly table: TableLog | null,
    /** Record types that had parts of older versions of the schema when the dataset was opened. */
    private readonly olderRecords: ReadonlySet<string>,
  ) {}

  /** @throws PoolTrackerError OUTPUT_FAILED */
  static async open(
    store: DatasetStore,
    journal: Journal,
    format: PartFormat,
    table: TableLog | null,
  ): Promise<Publisher> {
    const older = new Set<string>();
    for (const { name } of RECORD_TYPES)
      for (const folder of versionFolders(name).slice(0, -1)) if (await holdsFiles(store, folder)) older.add(name);
    return new Publisher(store, journal, format, table, older);
  }

  /**
   * Publishes one image. If it is killed at any point and repeated, the same files result: the image record is
   * published last, the journal is written after all records, and what they replace is removed after that.
   *
   * @param source the image's full path or URL
   * @param version see image-version.ts
   */
  async publish(source: string, version: string | null, scanned: ScannedImage): Promise<Publication> {
    const { status, imageId, folder, files } = scanned;
    const before = this.journal.image(source);
    const sameFile = before !== undefined && before.version === version && version !== null;
    if (status === 'failed' && sameFile && before.status !== 'failed') return 'kept-earlier';
    const claims = this.journal.otherClaims({ source, folder, imageId });
    const isFirst = claims.every((other) => source < other);
    if (isFirst) {
      const isImage = ({ record }: StagedFile): boolean => record === IMAGE.name;
      await allDone(files.filter((file) => !isImage(file)).map((file) => this.place(file, folder, imageId)));
      await allDone(files.filter(isImage).map((file) => this.place(file, folder, imageId)));
    }
    const samePart = before?.folder === folder && before.imageId === imageId;
    const entry: ImageEntry = {
      type: 'image',
      at: Date.now(),
      source,
      version,
      status,
      imageId,
      folder,
      records: [...new Set([...(samePart ? before.records : []), ...files.map(({ record }) => record)])],
    };
    // When the file has changed, the earlier records are kept: they are of another capture.
    const replaced = before !== undefined && !samePart && (sameFile || before.status === 'failed') ? before : null;
    if (replaced !== null && this.journal.otherClaims(replaced).length === 0) await this.remove(replaced);
    await this.journal.append(entry);
    return isFirst ? 'published' : 'same-memory';
  }

  private async place(file: StagedFile, folder: string, imageId: string): Promise<void> {
    if (this.journal.isCompacted(file.record, folder, imageId)) {
      await rm(file.path, { force: true });
      return;
    }
    const extension = extname(file.path);
    const path = partPath(file.record, folder, imageId, extension);
    await this.table?.describe(path, file.path);
    await this.store.publish(file.path, path);
    await this.table?.added(path);
    await this.removeOlder(file.record, folder, imageId);
  }

  private async remove({ folder, imageId, records }: ImageEntry): Promise<void> {
    const extension = PART_EXTENSION[this.format];
    for (const record of records) {
      await this.removeFile(partPath(record, folder, imageId, extension));
      await this.removeOlder(record, folder, imageId);
    }
  }

  /** In most datasets there are none to remove, and in a bucket each try is a request. */
  private async removeOlder(record: string, folder: string, imageId: string): Promise<void> {
    if (!this.olderRecords.has(record)) return;
    for (const older of olderPartPaths(record, folder, imageId, PART_EXTENSION[this.format]))
      await this.removeFile(older);
  }

  private async removeFile(path: string): Promise<void> {
    await this.store.remove(path);
    await this.table?.removed(path);
  }
}

async function holdsFiles(store: DatasetStore, folder: string): Promise<boolean> {
  for await (const { path } of store.list(folder)) if (path !== '') return true;
  return false;
}
