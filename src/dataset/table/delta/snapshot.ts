import type { Action, AddedFile, TableMetadata } from './actions.js';

/** What a table is at one of its versions. */
export class Snapshot {
  metadata: TableMetadata | null = null;
  /** The files that are part of it, by path. */
  readonly active = new Map<string, AddedFile>();
  /** When files were removed that may still be there for readers of earlier versions: milliseconds since 1970 UTC, by path. */
  readonly removed = new Map<string, number>();

  apply(action: Action): void {
    if ('add' in action) {
      this.active.set(action.add.path, action.add);
      this.removed.delete(action.add.path);
    } else if ('remove' in action) {
      this.active.delete(action.remove.path);
      this.removed.set(action.remove.path, action.remove.deletionTimestamp);
    } else if ('metaData' in action) this.metadata = action.metaData;
  }
}
