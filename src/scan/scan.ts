import type { Readable } from 'node:stream';
import type { PageDecoder } from '../record/decoded-image.js';

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
