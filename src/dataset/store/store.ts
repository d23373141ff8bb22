import type { Readable } from 'node:stream';

/** A file of a dataset. */
export interface StoredFile {
  /** From the dataset's root, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/** A file that grows by lines. */
export interface LineLog {
  /** Resolves when the line will outlive the process, or has been put with others that are soon written. */
  append(line: string): Promise<void>;
  /** Writes what has been put together. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where a dataset lives. Every file appears whole or not at all; paths are from the dataset's root, with `/`.
 * All methods throw PoolTrackerError OUTPUT_FAILED.
 */
export interface DatasetStore {
  /** As messages name it. */
  readonly name: string;
  /** A local folder for files that are not finished, on the file system that they are published to where there is one. */
  readonly stagingFolder: string;
  /** Every file below a folder, in no order; none when there is no such folder. */
  list(folder: string): AsyncIterable<StoredFile>;
  /** The bytes of a file; null when there is none. */
  open(path: string): Promise<Readable | null>;
  /** A local path to a file's bytes: its own, or a copy in `folder`. */
  localPath(path: string, folder: string): Promise<string>;
  /** Moves a finished local file to its place, over one that is there. */
  publish(local: string, path: string): Promise<void>;
  /** Deletes a file, if it is there. */
  remove(path: string): Promise<void>;
  /** Starts a log. Where files cannot grow, the lines may become several files whose names begin with `path`. */
  openLog(path: string): Promise<LineLog>;
}
