import type { Action, AddedFile, TableMetadata } from './actions.js';

/** A file that is part of a table, as far as is asked of all of them at any time. */
export interface ActiveFile {
  /** Bytes. */
  readonly size: number;
  /** Null where its statistics are not known. */
  readonly rows: number | null;
}

/**
 * What a table is at one of its versions. Of files that a checkpoint lists only the sizes are held: there may be hundreds of
 * thousands, and what else the log says of them is read again when it is needed.
 */
export class Snapshot {
  metadata: TableMetadata | null = null;
  /** The files that are part of it, by path. */
  readonly active = new Map<string, ActiveFile>();
  /** All that the log says of those that came since the last checkpoint. */
  readonly recent = new Map<string, AddedFile>();
  /** When files were removed that may still be there for readers of earlier versions: milliseconds since 1970 UTC, by path. */
  readonly removed = new Map<string, number>();

  /** Follows a line of a commit. */
  apply(action: Action): void {
    if ('add' in action) this.recent.set(action.add.path, action.add);
    else if ('remove' in action) this.recent.delete(action.remove.path);
    this.applyCheckpointed(action);
  }

  /** Follows a line of a checkpoint. */
  applyCheckpointed(action: Action): void {
    if ('add' in action) {
      const { path, size, stats } = action.add;
      this.active.set(path, { size, rows: rowsOf(stats) });
      this.removed.delete(path);
    } else if ('remove' in action) {
      this.active.delete(action.remove.path);
      this.removed.set(action.remove.path, action.remove.deletionTimestamp);
    } else if ('metaData' in action) this.metadata = action.metaData;
  }
}

function rowsOf(stats: string | null): number | null {
  const [, rows] = /^\{"numRecords":(\d+)/.exec(stats ?? '') ?? [];
  return rows === undefined ? null : Number(rows);
}
