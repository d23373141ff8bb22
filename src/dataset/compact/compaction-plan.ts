import type { RecordType } from '../../record/schema/record-type.js';
import { RECORD_TYPES } from '../../record/schema/record-types.js';
import { PART_EXTENSION, type DatasetSettings } from '../store/dataset-settings.js';
import { partitionOf, versionFolders } from '../store/partition.js';
import type { DatasetStore, StoredFile } from '../store/store.js';

/** Files of one record type that are to be merged into one file, or into as few as the target size allows. */
export interface CompactionGroup {
  readonly recordType: RecordType;
  /** The partition that the new files lie in. */
  readonly folder: string;
  readonly inputs: readonly StoredFile[];
}

/** The partition of a file under the keys that are kept. */
function keptFolder(path: string, keys: readonly string[]): string {
  const components = partitionOf(path).split('/');
  return components.filter((component) => keys.includes(component.slice(0, component.indexOf('=')))).join('/');
}

/**
 * What there is to merge: for each record type and partition, the files smaller than half the target size, if there is
 * more than one; and every file in a partition that is to be dissolved. Files of older schema versions are merged with
 * the others of their partition.
 * @param old files that do not count any more
 */
export async function planCompaction(
  store: DatasetStore,
  { partition, format }: DatasetSettings,
  targetBytes: number,
  old: ReadonlySet<string>,
): Promise<CompactionGroup[]> {
  const groups: CompactionGroup[] = [];
  for (const recordType of RECORD_TYPES) {
    const byFolder = new Map<string, StoredFile[]>();
    for (const versionFolder of versionFolders(recordType.name)) {
      for await (const file of store.list(versionFolder)) {
        if (!file.path.endsWith(PART_EXTENSION[format]) || old.has(file.path)) continue;
        const folder = keptFolder(file.path, partition);
        const stays = folder === partitionOf(file.path);
        if (stays && file.bytes >= targetBytes / 2) continue;
        const inputs = byFolder.get(folder);
        if (inputs === undefined) byFolder.set(folder, [file]);
        else inputs.push(file);
      }
    }
    for (const [folder, inputs] of byFolder) {
      const moves = inputs.some((file) => partitionOf(file.path) !== folder);
      if (inputs.length > 1 || moves)
        groups.push({ recordType, folder, inputs: inputs.sort((a, b) => (a.path < b.path ? -1 : 1)) });
    }
  }
  return groups.sort((a, b) => (a.folder < b.folder ? -1 : 1));
}
