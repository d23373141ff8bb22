import type { Readable } from 'node:stream';

/** A file of a dataset. */
export interface StoredFile {
  /** From the dataset's root, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/** A file to which lines are appended. */
export interface LineLog {
  /**
   * Resolves when the line will survive the end of the process, or is buffered with others that will soon be written.
   */
  append(line: string): Promise<void>;
  /** Writes what is buffered. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where a dataset lives. Every file appears whole or not at all; paths are from the dataset's root, with `/`.
 * All methods throw PoolTrackerError OUTPUT_FAILED.
 */
export interface DatasetStore {
  /** Its name in messages. */
  readonly name: string;
  /** A local folder for unfinished files, on the same file system as the dataset where it has one. */
  readonly stagingFolder: string;
  /** Where it is, as engines name folders: `file:///srv/lake` without links on the way, or `s3://bucket/prefix`. */
  location(): Promise<string>;
  /** Every file below a folder, in no particular order; none when there is no such folder. */
  list(folder: string): AsyncIterable<StoredFile>;
  /** Whether there is a file of this name. */
  has(path: string): Promise<boolean>;
  /** The bytes of a file; null when it does not exist. */
  open(path: string): Promise<Readable | null>;
  /** A local path to the bytes of a file: its own, or that of a copy in `folder`. */
  localPath(path: string, folder: string): Promise<string>;
  /** Moves a finished local file into place, replacing one that is there. */
  publish(local: string, path: string): Promise<void>;
  /**
   * Makes a file, whole, where there is none of this name.
   * @returns false where there is another one, which a process may have made at this moment
   */
  create(path: string, bytes: Buffer): Promise<boolean>;
  /** Deletes a file, if it exists. */
  remove(path: string): Promise<void>;
  /** Starts a log. Where files cannot grow, the lines may become several files whose names begin with `path`. */
  openLog(path: string): Promise<LineLog>;
}
