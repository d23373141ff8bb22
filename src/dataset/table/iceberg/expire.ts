import type { LoadedTable } from './loaded-table.js';
import type { IcebergMetadata, IcebergSnapshot } from './metadata.js';
import type { TableFiles } from './table-files.js';

/** Milliseconds after which files that no snapshot names are not those of a process that is about to name them. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * The metadata without the snapshots that were replaced before a time; the same object where there are none. The one
 * that was current at that time stays, and all after it.
 * @param before milliseconds since 1970 UTC
 */
export function expired(metadata: IcebergMetadata, before: number): IcebergMetadata {
  const current = metadata['current-snapshot-id'];
  const first = metadata.snapshots.reduce(
    (latest, { 'timestamp-ms': at }) => (at <= before && at > latest ? at : latest),
    -1,
  );
  const isKept = (snapshot: { readonly 'snapshot-id': number; readonly 'timestamp-ms': number }): boolean =>
    snapshot['timestamp-ms'] >= first || snapshot['snapshot-id'] === current;
  if (metadata.snapshots.every(isKept)) return metadata;
  return {
    ...metadata,
    snapshots: metadata.snapshots.filter(isKept),
    'snapshot-log': metadata['snapshot-log'].filter(isKept),
  };
}

/**
 * The manifests and manifest lists that are of no use after a change: those of snapshots that are kept no more, and what
 * processes left that ended before they named it.
 * @returns their names
 */
export async function filesToRemove(
  files: TableFiles,
  table: LoadedTable,
  before: IcebergMetadata,
  after: IcebergMetadata,
): Promise<string[]> {
  const kept = await namesOf(files, table, after.snapshots);
  const gone = before.snapshots.filter((snapshot) => !after.snapshots.includes(snapshot));
  const useless = await namesOf(files, table, gone);
  for (const name of await files.names()) {
    const at = files.timeOf(name);
    if (at !== null && Date.now() - at > ABANDONED_MS) useless.add(name);
  }
  return [...useless].filter((name) => !kept.has(name));
}

async function namesOf(
  files: TableFiles,
  table: LoadedTable,
  snapshots: readonly IcebergSnapshot[],
): Promise<Set<string>> {
  const names = new Set<string>();
  for (const snapshot of snapshots) {
    names.add(await files.nameAt(snapshot['manifest-list'], 'a snapshot'));
    for (const { manifest_path } of await table.manifestsOf(snapshot))
      names.add(await files.nameAt(manifest_path, 'a manifest list'));
  }
  return names;
}
