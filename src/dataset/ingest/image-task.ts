import { type ErrorCode, messageOf, PoolTrackerError } from '../../errors.js';
import type { ScanOptions } from '../../scan/scan.js';
import type { SinkOptions } from '../../sink/open-sink.js';
import type { PartFormat } from '../store/dataset-settings.js';

/** A failure as plain data, to cross threads. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One image to be scanned and written into files that are then published. Plain data: it crosses threads. */
export interface ImageTask {
  readonly location: string;
  /** Pass it over when it is no image. */
  readonly mayBeOther: boolean;
  readonly scan: ScanOptions;
  readonly partition: readonly string[];
  readonly records: readonly string[];
  readonly format: PartFormat;
  readonly sink: SinkOptions;
  /** A folder for its files, empty. */
  readonly staging: string;
  /** Given when the scan did not come to an end by itself: nothing is scanned, and this recorded. */
  readonly failure?: Failure;
}

/** Records in a file that is whole, but not in its place. */
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
  /** Records in all files. */
  readonly rows: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
  readonly warnings: number;
  /** Null unless failed. */
  readonly failure: Failure | null;
}

export type ImageOutcome = ScannedImage | { readonly kind: 'passed-over'; readonly reason: string };

/** Whatever was thrown, as an error of the one family. */
export function knownError(error: unknown): PoolTrackerError {
  if (error instanceof PoolTrackerError) return error;
  return new PoolTrackerError('INTERNAL', `unexpected: ${messageOf(error)}`, { cause: error });
}

export function failureOf(error: PoolTrackerError): Failure {
  return { code: error.code, message: error.hint === null ? error.message : `${error.message}; ${error.hint}` };
}

/** What a worker thread answers. */
export type WorkerAnswer = { readonly outcome: ImageOutcome } | { readonly failure: Failure };
