import { PoolTrackerError } from '../../../errors.js';

/*
 * The lines of a commit of a Delta table. Source: the Delta transaction log protocol, reader version 1 and writer
 * version 2 (PROTOCOL.md of delta-io/delta).
 */

/** A file of records that is part of the table from this commit on. */
export interface AddedFile {
  /** From the table's folder, as it is on disk (in the log it is a URI, with `%` escaped once more). */
  readonly path: string;
  /** The values in the names of its folders; null where engines read null. */
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  /** Milliseconds since 1970 UTC. */
  readonly modificationTime: number;
  /** False where the same rows only lie in other files. */
  readonly dataChange: boolean;
  /** JSON text (see file-statistics.ts); null where they are not known. */
  readonly stats: string | null;
}

/** A file that is part of the table no more. It stays readable for those who ask for an earlier version. */
export interface RemovedFile {
  readonly path: string;
  readonly deletionTimestamp: number;
  readonly dataChange: boolean;
}

/** What the table's columns are, and which of them lie in the names of folders. */
export interface TableMetadata {
  readonly id: string;
  readonly name: string;
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly createdTime: number;
}

/** One line of a commit, as far as this program writes and reads them. */
export type Action =
  | { readonly add: AddedFile }
  | { readonly remove: RemovedFile }
  | { readonly metaData: TableMetadata }
  | { readonly commitInfo: Readonly<Record<string, unknown>> };

/** What every table asks of its readers and writers: the first version that has statistics and partitions. */
export const PROTOCOL = { minReaderVersion: 1, minWriterVersion: 2 } as const;

/** `v=2/host=a%2Fb/x.parquet` → `v=2/host=a%252Fb/x.parquet` */
export function uriOfPath(path: string): string {
  return path
    .split('/')
    .map((name) => encodeURIComponent(name).replaceAll('%3D', '='))
    .join('/');
}

/** The lines of a commit. */
export function commitText(actions: readonly Action[]): string {
  return actions.map((action) => `${JSON.stringify(lineOf(action))}\n`).join('');
}

function lineOf(action: Action): object {
  if ('add' in action) {
    const { path, stats, ...rest } = action.add;
    return { add: { path: uriOfPath(path), ...rest, ...(stats === null ? {} : { stats }) } };
  }
  if ('remove' in action) return { remove: { ...action.remove, path: uriOfPath(action.remove.path) } };
  if ('metaData' in action)
    return { metaData: { ...action.metaData, format: { provider: 'parquet', options: {} }, configuration: {} } };
  return action;
}

/**
 * What a line of a commit says; null for one that says nothing of files or columns.
 * @param where its file, for messages
 * @throws PoolTrackerError RECORDS_DAMAGED for a line that is none, or a table that asks more than this program can
 */
export function parsedAction(value: unknown, where: string): Action | null {
  if (!isObject(value)) throw damaged(where, 'a line that is no JSON object');
  const { add, remove, metaData, protocol } = value;
  if (isObject(protocol)) {
    const { minReaderVersion, minWriterVersion } = protocol;
    if (Number(minReaderVersion) > PROTOCOL.minReaderVersion || Number(minWriterVersion) > PROTOCOL.minWriterVersion)
      throw damaged(
        where,
        `a table for readers of version ${String(minReaderVersion)} and writers of version ${String(minWriterVersion)}; this program writes ${PROTOCOL.minReaderVersion} and ${PROTOCOL.minWriterVersion}`,
      );
    return null;
  }
  if (isObject(add)) {
    const { partitionValues, size, modificationTime, dataChange, stats } = add;
    return {
      add: {
        path: pathOf(add, where),
        partitionValues: isObject(partitionValues) ? textsOf(partitionValues) : {},
        size: Number(size),
        modificationTime: Number(modificationTime),
        dataChange: dataChange !== false,
        stats: typeof stats === 'string' ? stats : null,
      },
    };
  }
  if (isObject(remove)) {
    const { deletionTimestamp, dataChange } = remove;
    return {
      remove: {
        path: pathOf(remove, where),
        deletionTimestamp: Number(deletionTimestamp ?? 0),
        dataChange: dataChange !== false,
      },
    };
  }
  if (isObject(metaData)) {
    const { id, name, schemaString, partitionColumns, createdTime } = metaData;
    if (typeof id !== 'string' || typeof schemaString !== 'string' || !Array.isArray(partitionColumns))
      throw damaged(where, 'columns without id, schemaString or partitionColumns');
    return {
      metaData: {
        id,
        name: typeof name === 'string' ? name : '',
        schemaString,
        partitionColumns: partitionColumns.map(String),
        createdTime: Number(createdTime ?? 0),
      },
    };
  }
  return null;
}

function pathOf({ path }: Readonly<Record<string, unknown>>, where: string): string {
  if (typeof path !== 'string') throw damaged(where, 'a file without a path');
  try {
    return decodeURIComponent(path);
  } catch {
    throw damaged(where, `the path ${JSON.stringify(path.slice(0, 100))}, which is no URI`);
  }
}

function textsOf(values: Readonly<Record<string, unknown>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value === null ? null : String(value)]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function damaged(where: string, found: string): PoolTrackerError {
  return new PoolTrackerError('RECORDS_DAMAGED', `${where}: expected lines of a Delta table's log, found ${found}`, {
    hint: 'pool-tracker table rebuild DATASET makes the log anew from the files',
  });
}
