import { type Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LocateOptions } from '../pool/locate/locate.js';
import type { MemoryPage } from '../pool/table/memory-page.js';
import type { DecodedImage, PageDecoder } from './scan-result.js';

/** One image, opened and understood as far as it must be before its pages flow. */
export interface Scan {
  readonly method: 'walk' | 'carve';
  /** The pages that the decoder needs, as a Readable of MemoryPage. */
  pages(): Readable;
  /**
   * A decoder for those pages.
   * @param keepProcessors whether each processor's own entries are wanted (`pool_tag_cpu`)
   */
  decoder(keepProcessors?: boolean): PageDecoder;
  close(): Promise<void>;
}

/** Runs all pages of a scan through its decoder: for who wants several kinds of records of one image. */
export async function decodeScan(scan: Scan, keepProcessors = false): Promise<DecodedImage> {
  const decoder = scan.decoder(keepProcessors);
  await pipeline(
    scan.pages(),
    new Writable({
      objectMode: true,
      write(page: MemoryPage, _encoding, done) {
        Promise.resolve(decoder.take(page)).then(() => done(), done);
      },
    }),
  );
  return decoder.finish();
}

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
