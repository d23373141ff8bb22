import type { ErrorCode } from '../../errors.js';
import { locationName } from '../../source/source.js';

/**
 * - `ok`, `incomplete`, `failed`: the status in the image record
 * - `done-before`: an earlier run has scanned it, and it has not changed
 * - `same-memory`: the dataset already has its records, under another name of the same memory
 * - `passed-over`: found in a folder, and not an image
 */
export const IMAGE_STATUSES = ['ok', 'incomplete', 'failed', 'done-before', 'same-memory', 'passed-over'] as const;
/** What became of an image: one of IMAGE_STATUSES. */
export type ImageStatus = (typeof IMAGE_STATUSES)[number];

/** The result for one image, in the form of `--log json`. */
export interface ImageEvent {
  /** Tells it from the summary. */
  readonly event: 'image';
  /** The image, without credentials. */
  readonly path: string;
  /** What became of it. */
  readonly status: ImageStatus;
  /** Null where it was not scanned. */
  readonly image_id: string | null;
  /** Records written. */
  readonly records: number;
  /** Bytes read from it. */
  readonly bytes_read: number;
  /** Milliseconds that the scan took. */
  readonly elapsed_ms: number;
  /** How many warnings its record has. */
  readonly warnings: number;
  /** Of the error that ended the scan; null where none did. */
  readonly error_code: ErrorCode | null;
  /** Why it failed or was skipped. */
  readonly message: string | null;
}

/** The end of a batch. */
export interface BatchSummary {
  /** Tells it from the images' events. */
  readonly event: 'summary';
  /** Number of images listed, in this shard. */
  readonly images: number;
  /** How many images came to each status. */
  readonly counts: Readonly<Record<ImageStatus, number>>;
  /** Number of images not begun because the batch was stopped. */
  readonly left: number;
  /** Records written. */
  readonly records: number;
  /** Bytes read from all images. */
  readonly bytes_read: number;
  /** Milliseconds that the batch took. */
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
