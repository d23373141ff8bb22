import type { ErrorCode } from '../../errors.js';
import { locationName } from '../../source/source.js';

/**
 * - `ok`, `incomplete`, `failed`: the status in the image record
 * - `done-before`: an earlier run has scanned it, and it has not changed
 * - `same-memory`: the dataset already has its records, under another name of the same memory
 * - `passed-over`: found in a folder, and not an image
 */
export const IMAGE_STATUSES = ['ok', 'incomplete', 'failed', 'done-before', 'same-memory', 'passed-over'] as const;
export type ImageStatus = (typeof IMAGE_STATUSES)[number];

/** The result for one image, in the form of `--log json`. */
export interface ImageEvent {
  readonly event: 'image';
  readonly path: string;
  readonly status: ImageStatus;
  readonly image_id: string | null;
  /** Records written. */
  readonly records: number;
  readonly bytes_read: number;
  readonly elapsed_ms: number;
  readonly warnings: number;
  readonly error_code: ErrorCode | null;
  /** Why it failed or was skipped. */
  readonly message: string | null;
}

/** The end of a batch. */
export interface BatchSummary {
  readonly event: 'summary';
  /** Number of images listed, in this shard. */
  readonly images: number;
  readonly counts: Readonly<Record<ImageStatus, number>>;
  /** Number of images not begun because the batch was stopped. */
  readonly left: number;
  readonly records: number;
  readonly bytes_read: number;
  readonly elapsed_ms: number;
}

export interface BatchListener {
  /** When the list of images is known. */
  listed(images: number): void;
  image(event: ImageEvent): void;
}

const NOTHING = {
  image_id: null,
  records: 0,
  bytes_read: 0,
  elapsed_ms: 0,
  warnings: 0,
  error_code: null,
  message: null,
};

export function imageEvent(path: string, status: ImageStatus, more: Partial<ImageEvent> = {}): ImageEvent {
  return { event: 'image', path: locationName(path), status, ...NOTHING, ...more };
}
