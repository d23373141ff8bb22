import type { KernelObjects } from '../kernel/objects/objects.js';
import type { BigPageTable, BigTotal } from '../pool/big-pages.js';
import type { MemoryPage } from '../pool/memory-page.js';
import type { ProcessorTag, TagTotal } from '../pool/table/tag-totals.js';
import type { ImageFacts } from './image-facts.js';
import type { Row } from './schema/record-type.js';

/** What a walk can read beside the tables; the image must still be open. */
export interface WalkedKernel {
  /** Processes, threads and other objects, read when first asked for. */
  objects(): Promise<KernelObjects>;
  /** The allocations of a page or more, or why they cannot be read. */
  readonly bigPages: BigPageTable | string;
  /** Those in use, by tag; null where their table could not be read whole. */
  readonly bigTotals: ReadonlyMap<number, BigTotal> | null;
}

/** Everything that the pages of one image tell. */
export interface DecodedImage {
  readonly imageId: string;
  readonly facts: ImageFacts;
  readonly totals: readonly TagTotal[];
  /** Each processor's own entries; empty unless they were asked for. */
  readonly processorTags: readonly ProcessorTag[];
  /** The image record. */
  readonly image: Row;
  /** Left out where the tables were carved. */
  readonly walked?: WalkedKernel;
}

/** Takes pages in the order that a source emits them, and says at the end what they hold. */
export interface PageDecoder {
  take(page: MemoryPage): void | Promise<void>;
  /** @throws PoolTrackerError TABLES_NOT_FOUND when the pages hold no table */
  finish(): DecodedImage | Promise<DecodedImage>;
}
