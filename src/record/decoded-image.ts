import type { MemoryPage } from '../pool/memory-page.js';
import type { ProcessorTag, TagTotal } from '../pool/tag-totals.js';
import type { ImageFacts } from './image-facts.js';
import type { Row } from './record-type.js';

/** Everything that the pages of one image tell. */
export interface DecodedImage {
  readonly imageId: string;
  readonly facts: ImageFacts;
  readonly totals: readonly TagTotal[];
  /** Each processor's own entries; empty unless they were asked for. */
  readonly processorTags: readonly ProcessorTag[];
  /** The image record. */
  readonly image: Row;
}

/** Takes pages in the order that a source emits them, and says at the end what they hold. */
export interface PageDecoder {
  take(page: MemoryPage): void | Promise<void>;
  /** @throws PoolTrackerError TABLES_NOT_FOUND when the pages hold no table */
  finish(): DecodedImage | Promise<DecodedImage>;
}
