import type { LocateOptions } from '../pool/locate-tables.js';

/** How an image is opened and its tables found. */
export interface ScanOptions extends LocateOptions {
  /** A container format's name, to skip the probes. */
  readonly imageFormat?: string;
  /** A directory for a temporary file, should the image come as a stream. */
  readonly spool?: string;
  /** Labels that every record carries; `host` has a column of its own. */
  readonly labels?: Readonly<Record<string, string>>;
}
