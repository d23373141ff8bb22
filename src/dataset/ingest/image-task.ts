import type { ErrorCode, PoolTrackerError } from '../../errors.js';
import type { ScanOptions } from '../../scan/scan.js';
import type { SinkOptions } from '../../sink/open-sink.js';
import type { PartFormat } from '../store/dataset-settings.js';

/** A failure as plain data, to be sent between threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One image to be scanned and written into files that are then published. Plain data, to be sent between threads. */
export interface ImageTask {
  readonly location: string;
  /** Whether to skip it when it is not an image. */
  readonly mayBeOther: boolean;
  readonly scan: ScanOptions;
  /** Whether every system in it is scanned. */
  readonly allSystems: boolean;
  /** Where drivers are searched for tags on no list; absent when they are not. */
  readonly drivers?: string;
  readonly partition: readonly string[];
  readonly records: readonly string[];
  readonly format: PartFormat;
  readonly sink: SinkOptions;
  /** An empty folder for its files. */
  readonly staging: string;
  /** Given when the scan did not end by itself: nothing is scanned, and this failure is recorded. */
  readonly failure?: Failure;
}

/** Records in a file that is complete but not yet in its place. */
export interface StagedFile {
  readonly record: string;
  readonly path: string;
}

export interface ScannedImage {
  readonly kind: 'scanned';
  readonly status: 'ok' | 'incomplete' | 'failed';
  readonly imageId: string;
  /** The partition that the records belong to. */
  readonly folder: string;
  readonly files: readonly StagedFile[];
  /** Number of records in all files. */
  readonly rows: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
  readonly warnings: number;
  /** Null unless failed. */
  readonly failure: Failure | null;
}

export type ImageOutcome = ScannedImage | { readonly kind: 'passed-over'; readonly reason: string };

export function failureOf(error: PoolTrackerError): Failure {
  return { code: error.code, message: error.hint === null ? error.message : `${error.message}; ${error.hint}` };
}

/** What a worker thread is started with. */
export interface WorkerStart {
  /** Modules of the plug-ins that this process has loaded: no job of a queue has a word in it. */
  readonly plugins: readonly string[];
}

/** The reply of a worker thread. */
export type WorkerAnswer = { readonly outcome: ImageOutcome } | { readonly failure: Failure };
