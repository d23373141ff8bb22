import { MANIFEST_LIST_SCHEMA, manifestSchema } from './avro-schemas.js';
import { type ManifestEntry, type ManifestFile, STATUS } from './manifest.js';
import { damaged, type IcebergMetadata, type IcebergSnapshot, schemaOf, snapshotOf } from './metadata.js';
import { metadataName, type TableFiles, versionOf } from './table-files.js';

/** Lines of a manifest list: merging keeps them to some dozens. */
const MAX_MANIFESTS = 100_000;

/** A file that is part of the table. */
export interface ActiveFile {
  readonly size: number;
  readonly rows: number;
  /** The location of the manifest that lists it. */
  readonly manifest: string;
}

/** A table as it was read last. What manifests say of files beyond their sizes is read again when it is needed. */
export class LoadedTable {
  /** -1 where there is none. */
  version = -1;
  metadata: IcebergMetadata | null = null;
  manifests: readonly ManifestFile[] = [];
  /** By path from the table's folder. */
  readonly active = new Map<string, ActiveFile>();
  readonly removed = new Map<string, number>();
  /** The paths that a snapshot removed. */
  private readonly removedBy = new Map<number, readonly string[]>();

  constructor(private readonly files: TableFiles) {}

  /** Follows what other processes did. @throws PoolTrackerError RECORDS_DAMAGED, OUTPUT_FAILED */
  async update(): Promise<void> {
    let version = this.version > 0 ? this.version : ((await this.files.hint()) ?? 0);
    const isFollowed = version > 0 && (await this.files.isThere(metadataName(version + 1)));
    if (isFollowed) version++;
    else if (version === 0 || !(await this.files.isThere(metadataName(version)))) version = await this.lastListed();
    while (version > 0 && (await this.files.isThere(metadataName(version + 1)))) version++;
    if (version === this.version) return;
    if (version <= 0) return this.forget();
    const metadata = await this.files.metadata(version);
    // Removed since it was found: there are later ones.
    if (metadata === null) return this.update();
    try {
      await this.take(version, metadata);
    } catch (error) {
      // Who made the next one may have removed what this one names.
      if (await this.files.isThere(metadataName(version + 1))) return this.update();
      throw error;
    }
  }

  private async lastListed(): Promise<number> {
    return Math.max(-1, ...(await this.files.names()).map((name) => versionOf(name) ?? -1));
  }

  forget(): void {
    this.version = -1;
    this.metadata = null;
    this.manifests = [];
    this.active.clear();
    this.removed.clear();
    this.removedBy.clear();
  }

  /** Makes a version the one that this is. @throws PoolTrackerError RECORDS_DAMAGED */
  async take(version: number, metadata: IcebergMetadata): Promise<void> {
    try {
      await this.read(version, metadata);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  private async read(version: number, metadata: IcebergMetadata): Promise<void> {
    const snapshot = snapshotOf(metadata);
    const manifests = snapshot === undefined ? [] : await this.manifestsOf(snapshot);
    const known = new Set(this.manifests.map(({ manifest_path }) => manifest_path));
    const fresh: [string, ActiveFile][] = [];
    for (const manifest of manifests) {
      if (known.has(manifest.manifest_path)) continue;
      for (const { status, data_file } of await this.entriesOf(manifest, metadata)) {
        const { file_size_in_bytes: size, record_count: rows, file_path } = data_file;
        if (status !== STATUS.deleted)
          fresh.push([await this.pathOf(file_path), { size, rows, manifest: manifest.manifest_path }]);
      }
    }
    const listed = new Set(manifests.map(({ manifest_path }) => manifest_path));
    for (const [path, { manifest }] of this.active) if (!listed.has(manifest)) this.active.delete(path);
    for (const [path, file] of fresh) {
      if (this.active.has(path)) throw damaged(this.files.nameOf(metadataName(version)), `${path} twice`);
      this.active.set(path, file);
    }
    const total = Number(snapshot?.summary['total-data-files'] ?? 0);
    if (total !== this.active.size)
      throw damaged(this.files.nameOf(metadataName(version)), `${this.active.size} files in place of ${total}`);
    this.manifests = manifests;
    this.metadata = metadata;
    this.version = version;
    await this.takeRemoved(metadata);
  }

  private async takeRemoved(metadata: IcebergMetadata): Promise<void> {
    this.removed.clear();
    const kept = new Set(metadata.snapshots.map((snapshot) => snapshot['snapshot-id']));
    for (const id of this.removedBy.keys()) if (!kept.has(id)) this.removedBy.delete(id);
    for (const snapshot of metadata.snapshots) {
      if ((snapshot.summary['deleted-data-files'] ?? '0') === '0') continue;
      const id = snapshot['snapshot-id'];
      let paths = this.removedBy.get(id);
      if (paths === undefined) {
        paths = await this.pathsRemovedBy(snapshot, metadata);
        this.removedBy.set(id, paths);
      }
      for (const path of paths) this.removed.set(path, snapshot['timestamp-ms']);
    }
    for (const path of this.removed.keys()) if (this.active.has(path)) this.removed.delete(path);
  }

  private async pathsRemovedBy(snapshot: IcebergSnapshot, metadata: IcebergMetadata): Promise<string[]> {
    const id = snapshot['snapshot-id'];
    const paths: string[] = [];
    for (const manifest of await this.manifestsOf(snapshot)) {
      if (manifest.added_snapshot_id !== id || manifest.deleted_files_count === 0) continue;
      for (const { status, data_file } of await this.entriesOf(manifest, metadata))
        if (status === STATUS.deleted) paths.push(await this.pathOf(data_file.file_path));
    }
    return paths;
  }

  /** The manifests of a snapshot. @throws PoolTrackerError RECORDS_DAMAGED */
  async manifestsOf(snapshot: IcebergSnapshot): Promise<ManifestFile[]> {
    const name = await this.files.nameAt(snapshot['manifest-list'], this.files.nameOf(metadataName(this.version)));
    return (await this.files.avro(name, MANIFEST_LIST_SCHEMA, MAX_MANIFESTS)) as ManifestFile[];
  }

  /** The lines of a manifest. @throws PoolTrackerError RECORDS_DAMAGED */
  async entriesOf(manifest: ManifestFile, metadata: IcebergMetadata): Promise<ManifestEntry[]> {
    const name = await this.files.nameAt(manifest.manifest_path, 'a manifest list');
    const spec = metadata['partition-specs'].find((one) => one['spec-id'] === manifest.partition_spec_id);
    if (spec === undefined) throw damaged(this.files.nameOf(name), `a partition spec ${manifest.partition_spec_id}`);
    const count = manifest.added_files_count + manifest.existing_files_count + manifest.deleted_files_count;
    const schema = manifestSchema(spec, schemaOf(metadata).fields);
    const entries = (await this.files.avro(name, schema, count, manifest.manifest_length)) as ManifestEntry[];
    if (entries.length !== count)
      throw damaged(this.files.nameOf(name), `${entries.length} files in place of ${count}`);
    return entries;
  }

  /** `file:///lake/pool_tag/v=2/part-1.parquet` → `v=2/part-1.parquet` */
  private async pathOf(location: string): Promise<string> {
    const folder = `${await this.files.location()}/`;
    if (location.startsWith(folder)) return location.slice(folder.length);
    throw damaged(this.files.nameOf('a manifest'), `a file at ${JSON.stringify(location.slice(0, 200))}`);
  }
}
