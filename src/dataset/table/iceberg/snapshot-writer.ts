import { partitionOf } from '../../store/partition.js';
import type { RecordType } from '../../../record/schema/record-type.js';
import { toolVersion } from '../../../record/schema/file-metadata.js';
import type { ChangeKind, DataFile, TableChange } from '../table-form.js';
import { MANIFEST_LIST_SCHEMA } from './avro-schemas.js';
import { avroBytes } from './avro-file.js';
import type { LoadedTable } from './loaded-table.js';
import { keysOf, listedFile, manifestBytes, type ManifestEntry, type ManifestFile, STATUS } from './manifest.js';
import { liveFiles, mergedWith } from './manifest-tiers.js';
import { damaged, FORMAT_VERSION, type IcebergMetadata, type IcebergSnapshot, schemaOf, specOf } from './metadata.js';
import { newSnapshotId, specNamed, withColumns, withSnapshot } from './next-version.js';
import type { TableFiles } from './table-files.js';

/** Lines of a manifest that is written: it is made in memory. */
const MAX_LINES = 16_384;

/** A change with nothing in it that the table has already: the old side of a path that is written again, too. */
export interface NetChange {
  readonly adds: ReadonlyMap<string, DataFile>;
  readonly gone: ReadonlySet<string>;
  /** Paths of `adds` that the table lists: their files were replaced by others. */
  readonly replaced: ReadonlySet<string>;
}

export function netChange({ adds, gone }: TableChange, active: ReadonlyMap<string, unknown>): NetChange {
  const byPath = new Map(adds.map((file) => [file.path, file]));
  return {
    adds: byPath,
    gone: new Set(gone.filter((path) => active.has(path) && !byPath.has(path))),
    replaced: new Set([...byPath.keys()].filter((path) => active.has(path))),
  };
}

/** The files of one snapshot, written before the metadata that names it. */
export class SnapshotWriter {
  /** The names of files that were written; nobody reads them when the metadata is not made. */
  readonly written: string[] = [];
  private readonly id = newSnapshotId();
  /** Lines of new manifests, by partition spec. */
  private readonly lines = new Map<number, ManifestEntry[]>();

  /** @param at milliseconds since 1970 UTC */
  constructor(
    private readonly files: TableFiles,
    private readonly table: LoadedTable,
    private metadata: IcebergMetadata,
    private readonly recordType: RecordType,
    private readonly at: number,
  ) {}

  /**
   * @returns the metadata with the snapshot
   * @throws PoolTrackerError RECORDS_DAMAGED for a file that is no Parquet, OUTPUT_FAILED
   */
  async write(kind: ChangeKind, change: NetChange): Promise<IcebergMetadata> {
    for (const file of change.adds.values()) await this.add(file);
    const kept = await this.removeFrom(change);
    const manifests: ManifestFile[] = [];
    for (const [spec, lines] of this.lines) {
      const live = lines.filter(({ status }) => status !== STATUS.deleted).length;
      const merged = mergedWith(
        kept.filter((one) => one.partition_spec_id === spec),
        live,
      );
      for (const manifest of merged) {
        kept.splice(kept.indexOf(manifest), 1);
        lines.push(...(await this.existing(manifest)));
      }
      for (let from = 0; from < lines.length; from += MAX_LINES)
        manifests.push(await this.writeManifest(spec, lines.slice(from, from + MAX_LINES)));
    }
    const list = await this.writeList([...manifests, ...kept]);
    const { metadata } = this;
    const parent = metadata['current-snapshot-id'];
    const snapshot: IcebergSnapshot = {
      'snapshot-id': this.id,
      ...(parent === -1 ? {} : { 'parent-snapshot-id': parent }),
      'sequence-number': this.sequenceNumber,
      'timestamp-ms': this.at,
      'manifest-list': list,
      summary: this.summary(kind, change),
      'schema-id': metadata['current-schema-id'],
    };
    return withSnapshot(metadata, snapshot);
  }

  private get sequenceNumber(): number {
    return this.metadata['last-sequence-number'] + 1;
  }

  private async add({ path, size, statistics }: DataFile): Promise<void> {
    const full = `${this.recordType.name}/${path}`;
    if (statistics === null) throw damaged(full, 'no Parquet file, of which it could tell no number of rows');
    const keys = keysOf(
      full,
      statistics,
      specOf(this.metadata).fields.map(({ name }) => name),
    );
    this.metadata = withColumns(this.metadata, this.recordType, keys, false);
    const spec = specNamed(this.metadata, keys)!;
    const location = `${await this.files.location()}/${path}`;
    this.linesOf(spec['spec-id']).push({
      status: STATUS.added,
      snapshot_id: this.id,
      sequence_number: this.sequenceNumber,
      file_sequence_number: this.sequenceNumber,
      data_file: listedFile(location, full, size, statistics, spec, schemaOf(this.metadata).fields),
    });
  }

  private linesOf(spec: number): ManifestEntry[] {
    const lines = this.lines.get(spec) ?? [];
    this.lines.set(spec, lines);
    return lines;
  }

  /**
   * Writes the manifests anew that list files which are gone. One that was replaced is not told as removed: who cleans
   * up after versions would remove the file that is there now.
   * @returns the manifests that stay as they are
   */
  private async removeFrom({ gone, replaced }: NetChange): Promise<ManifestFile[]> {
    const folder = `${await this.files.location()}/`;
    const touched = new Set([...gone, ...replaced].map((path) => this.table.active.get(path)!.manifest));
    const kept: ManifestFile[] = [];
    for (const manifest of this.table.manifests) {
      if (!touched.has(manifest.manifest_path)) {
        if (liveFiles(manifest) > 0) kept.push(manifest);
        continue;
      }
      for (const line of await this.existing(manifest)) {
        const path = line.data_file.file_path.slice(folder.length);
        if (replaced.has(path)) continue;
        const isGone = gone.has(path);
        this.linesOf(manifest.partition_spec_id).push(
          isGone ? { ...line, status: STATUS.deleted, snapshot_id: this.id } : line,
        );
      }
    }
    return kept;
  }

  /** The lines of files that are part of the table, as another manifest lists them. */
  private async existing(manifest: ManifestFile): Promise<ManifestEntry[]> {
    const entries = await this.table.entriesOf(manifest, this.metadata);
    return entries
      .filter(({ status }) => status !== STATUS.deleted)
      .map((entry) => ({ ...entry, status: STATUS.existing }));
  }

  private async writeManifest(specId: number, lines: readonly ManifestEntry[]): Promise<ManifestFile> {
    const spec = this.metadata['partition-specs'].find((one) => one['spec-id'] === specId)!;
    const { bytes, line } = await manifestBytes(lines, spec, schemaOf(this.metadata));
    return {
      manifest_path: await this.create(bytes),
      ...line,
      sequence_number: this.sequenceNumber,
      added_snapshot_id: this.id,
    };
  }

  private async writeList(manifests: readonly ManifestFile[]): Promise<string> {
    const parent = this.metadata['current-snapshot-id'];
    const bytes = await avroBytes(MANIFEST_LIST_SCHEMA, manifests, {
      'snapshot-id': String(this.id),
      'parent-snapshot-id': parent === -1 ? 'null' : String(parent),
      'sequence-number': String(this.sequenceNumber),
      'format-version': String(FORMAT_VERSION),
    });
    return this.create(bytes);
  }

  private async create(bytes: Buffer): Promise<string> {
    const name = this.files.uniqueName();
    this.written.push(name);
    await this.files.create(name, bytes);
    return this.files.locationOf(name);
  }

  /** Removes what was written, when another process was first. */
  async discard(): Promise<void> {
    for (const name of this.written) await this.files.remove(name);
  }

  private summary(kind: ChangeKind, { adds, gone, replaced }: NetChange): Record<string, string> {
    const { active } = this.table;
    const out = [...gone, ...replaced].map((path) => active.get(path)!);
    const sum = (of: readonly { readonly rows: number; readonly size: number }[], key: 'rows' | 'size'): number =>
      of.reduce((total, one) => total + one[key], 0);
    const added = [...adds.values()].map(({ size, statistics }) => ({ size, rows: statistics!.rows }));
    const all = [...active.values()];
    const isSame = kind === 'merge' && sum(added, 'rows') === sum(out, 'rows');
    const folders = new Set([...adds.keys(), ...gone].map((path) => partitionOf(`${this.recordType.name}/${path}`)));
    const counts: Readonly<Record<string, number>> = {
      'added-data-files': added.length,
      'deleted-data-files': out.length,
      'added-records': sum(added, 'rows'),
      'deleted-records': sum(out, 'rows'),
      'added-files-size': sum(added, 'size'),
      'removed-files-size': sum(out, 'size'),
      'changed-partition-count': folders.size,
      'total-data-files': all.length + added.length - out.length,
      'total-records': sum(all, 'rows') + sum(added, 'rows') - sum(out, 'rows'),
      'total-files-size': sum(all, 'size') + sum(added, 'size') - sum(out, 'size'),
      'total-delete-files': 0,
      'total-position-deletes': 0,
      'total-equality-deletes': 0,
    };
    return {
      // The same rows in other files, or what became of them.
      operation: isSame ? 'replace' : out.length === 0 ? 'append' : added.length === 0 ? 'delete' : 'overwrite',
      'engine-name': 'pool-tracker',
      'engine-version': toolVersion(),
      ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)])),
    };
  }
}
