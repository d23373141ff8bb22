import type { RecordType } from '../../record/schema/record-type.js';
import type { Staging } from '../store/staging.js';
import type { DatasetStore } from '../store/store.js';
import type { FileStatistics } from './file-statistics.js';

/** The forms of tables that can be kept over a dataset's files. */
export type FormName = 'delta' | 'iceberg';

/** A file of records that a table is to list. */
export interface DataFile {
  /** From the table's folder, as it is on disk: `v=2/host=a%2Fb/part-4f2c….parquet`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970 UTC. */
  readonly modificationTime: number;
  /** Null where the file is no Parquet. */
  readonly statistics: FileStatistics | null;
}

/** What a table is at its last version that is known; changes with the table. Paths are from the table's folder. */
export interface TableState {
  /** The files that are part of it. */
  readonly active: ReadonlyMap<string, { readonly size: number }>;
  /** When files were removed that readers of earlier versions may still ask for: milliseconds since 1970 UTC. */
  readonly removed: ReadonlyMap<string, number>;
}

/** Why a table changes: records came or went; what a process had not told is found; the same rows lie in other files. */
export type ChangeKind = 'write' | 'reconcile' | 'merge';

/** Files that come into a table and go from it at one moment. */
export interface TableChange {
  readonly adds: readonly DataFile[];
  /** Paths; those that are not part of the table are left out. */
  readonly gone: readonly string[];
}

/** The log of the table of one record type, in one form. */
export interface TableForm {
  readonly form: FormName;
  /** The name of its record type, and of its folder in the dataset. */
  readonly record: string;
  /** Number of the last version that is known; -1 for a table without any. */
  readonly lastVersion: number;
  /** What the table is now. @throws PoolTrackerError RECORDS_DAMAGED, OUTPUT_FAILED */
  current(): Promise<TableState>;
  /** Rows of the version that is known; null where a file does not tell. */
  rows(): number | null;
  /**
   * Makes the next version, with the columns and folder keys of now. Nothing is written where all is as it should be.
   * @param change from what the table is; asked again when another process was first
   * @throws PoolTrackerError RECORDS_DAMAGED, OUTPUT_FAILED
   */
  commit(kind: ChangeKind, change: (current: TableState) => TableChange): Promise<void>;
  /** Removed files that are gone need not be remembered. */
  forgetRemoved(paths: readonly string[]): void;
  /**
   * Removes what only versions need that were replaced before a time: versions from there on stay readable.
   * @param before milliseconds since 1970 UTC
   * @returns how many files of the log were removed
   */
  forget(before: number): Promise<number>;
  /** Removes the log, whatever is in it. */
  clear(): Promise<void>;
}

/** Where a table is, and what it is of. */
export interface TablePlace {
  readonly store: DatasetStore;
  readonly staging: Staging;
  readonly recordType: RecordType;
  /** The keys of the dataset's folders. */
  readonly partition: readonly string[];
}

export type OpenForm = (place: TablePlace) => TableForm;
