import type { ChangeKind, OpenForm, TableChange, TableForm, TablePlace, TableState } from '../table-form.js';
import { VersionTries } from '../version-tries.js';
import { expired, filesToRemove } from './expire.js';
import { LoadedTable } from './loaded-table.js';
import type { IcebergMetadata } from './metadata.js';
import { asNextVersion, firstMetadata, keptKeys, withColumns } from './next-version.js';
import { netChange, SnapshotWriter } from './snapshot-writer.js';
import { metadataName, TableFiles, versionOf } from './table-files.js';

export const openIceberg: OpenForm = (place) => new IcebergForm(place);

/**
 * An Apache Iceberg table (format version 2) over the files of one record type, in `RECORD/metadata`, as a table of
 * Hadoop: `vN.metadata.json`, where the next N is made only by one, and `version-hint.text` that tells where to begin.
 */
class IcebergForm implements TableForm {
  readonly form = 'iceberg';
  private readonly files: TableFiles;
  private readonly table: LoadedTable;
  /** The highest number that a table which was removed has taken: engines keep in mind what a name held. */
  private lastTaken = 0;
  private isHintChecked = false;

  constructor(private readonly place: TablePlace) {
    this.files = new TableFiles(place);
    this.table = new LoadedTable(this.files);
  }

  get record(): string {
    return this.place.recordType.name;
  }

  get lastVersion(): number {
    return this.table.version;
  }

  async current(): Promise<TableState> {
    await this.table.update();
    return this.table;
  }

  rows(): number | null {
    return [...this.table.active.values()].reduce((sum, { rows }) => sum + rows, 0);
  }

  forgetRemoved(): void {
    // Versions tell of them.
  }

  async commit(kind: ChangeKind, change: (current: TableState) => TableChange): Promise<void> {
    for (const tries = new VersionTries(); ;) {
      const net = netChange(change(await this.current()), this.table.active);
      const before = this.table.metadata;
      const keys = keptKeys(before, this.place.partition);
      const base = withColumns(before ?? firstMetadata(await this.files.location()), this.place.recordType, keys, true);
      if (net.adds.size + net.gone.size === 0 && base === before) return this.checkHint();
      // Versions follow one another without a gap, or who is before one never sees those behind it.
      const next = (this.table.version > 0 ? this.table.version : this.lastTaken) + 1;
      await tries.begin(next, this.files.nameOf(metadataName(next)));
      const at = Math.max(Date.now(), (before?.['last-updated-ms'] ?? 0) + 1);
      const writer = new SnapshotWriter(this.files, this.table, base, this.place.recordType, at);
      const made = net.adds.size + net.gone.size === 0 ? base : await this.written(writer, kind, net);
      if (await this.publish(next, made, at)) return;
      await writer.discard();
    }
  }

  private async written(
    writer: SnapshotWriter,
    kind: ChangeKind,
    net: Parameters<SnapshotWriter['write']>[1],
  ): Promise<IcebergMetadata> {
    try {
      return await writer.write(kind, net);
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }

  /** Makes a version. @returns false where another process was first */
  private async publish(version: number, metadata: IcebergMetadata, at: number): Promise<boolean> {
    const before = this.table.version;
    const previous =
      before < 0
        ? null
        : { file: await this.files.locationOf(metadataName(before)), at: this.table.metadata!['last-updated-ms'] };
    const made = asNextVersion(metadata, at, previous);
    const name = metadataName(version);
    if (!(await this.files.create(name, Buffer.from(JSON.stringify(made))))) return false;
    // Versions are removed in their order: where the one before is gone, this number was taken and removed long ago.
    if (before > 0 && !(await this.files.isThere(metadataName(before)))) {
      await this.files.remove(name);
      this.table.forget();
      return false;
    }
    this.lastTaken = version;
    await this.table.take(version, made);
    await this.tell(version);
    await this.removeVersions(made);
    return true;
  }

  /** Tells readers where to begin: at the last version, also when other processes tell at the same moment. */
  private async tell(version: number): Promise<void> {
    let last = version;
    do {
      while (await this.files.isThere(metadataName(last + 1))) last++;
      await this.files.setHint(last);
    } while (await this.files.isThere(metadataName(last + 1)));
    this.isHintChecked = true;
  }

  /** What a process that ended did not tell any more. */
  private async checkHint(): Promise<void> {
    if (this.isHintChecked || this.table.version < 0) return;
    if ((await this.files.hint()) !== this.table.version) await this.tell(this.table.version);
    this.isHintChecked = true;
  }

  /** Removes versions that the last one does not name any more, the oldest first. */
  private async removeVersions(last: IcebergMetadata): Promise<void> {
    const oldest = last['metadata-log'][0]?.['metadata-file'];
    const first = oldest === undefined ? null : versionOf(oldest.slice(oldest.lastIndexOf('/') + 1));
    if (first === null) return;
    // One more for each version that is made; more where a process ended in between.
    const old: number[] = [];
    for (let at = first - 1; at > 0 && (await this.files.isThere(metadataName(at))); at--) old.push(at);
    for (const version of old.reverse()) await this.files.remove(metadataName(version));
  }

  async forget(before: number): Promise<number> {
    for (const tries = new VersionTries(); ;) {
      await this.table.update();
      const { metadata, version } = this.table;
      if (metadata === null) return 0;
      const made = expired(metadata, before);
      const useless = await filesToRemove(this.files, this.table, metadata, made);
      if (made !== metadata) {
        await tries.begin(version + 1, this.files.nameOf(metadataName(version + 1)));
        if (!(await this.publish(version + 1, made, Math.max(Date.now(), metadata['last-updated-ms'] + 1)))) continue;
      }
      for (const name of useless) await this.files.remove(name);
      return useless.length;
    }
  }

  async clear(): Promise<void> {
    const names = await this.files.names();
    const versions = names.map(versionOf).filter((version) => version !== null);
    this.lastTaken = Math.max(this.lastTaken, ...versions);
    await this.files.removeHint();
    // The last version and what it names stay whole until all others are gone.
    for (const version of versions.sort((a, b) => a - b)) await this.files.remove(metadataName(version));
    for (const name of names) await this.files.remove(name);
    this.table.forget();
  }
}
