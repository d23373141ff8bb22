import type { LocateOptions } from '../pool/locate/locate.js';

/** Walk from the page table root, carve every page, or walk and carve only where walking cannot be or fails. */
export const SCAN_METHODS = ['auto', 'walk', 'carve'] as const;
export type ScanMethod = (typeof SCAN_METHODS)[number];

/** How an image is opened and its tables found. */
export interface ScanOptions extends LocateOptions {
  /** A container format's name, to skip the probes. */
  readonly imageFormat?: string;
  /** A directory for a temporary file, should the image come as a stream. */
  readonly spool?: string;
  /** Labels that every record carries; `host` has a column of its own. */
  readonly labels?: Readonly<Record<string, string>>;
  /** `auto` unless told otherwise. */
  readonly method?: ScanMethod;
  /** Threads that look at pages when carving, beside the one that reads; 1 unless told otherwise, 0 for none. */
  readonly threads?: number;
  /** Told while carving how many bytes are done, and of how many where that is known. */
  readonly onProgress?: (done: number, total: number | null) => void;
}
