import type { RecordBatch } from 'apache-arrow';
import type { PageDecoder } from '../scan/scan.js';
import { packRows } from './arrow/record-batches.js';
import { rowsOf, type TagSelection } from './rows/rows.js';
import type { RecordType } from './schema/record-type.js';
import { POOL_TAG } from './schema/record-types.js';

/** What a transform of pages into record batches makes. */
export interface PoolTagTransformOptions {
  /** Which records; pool_tag by default. */
  readonly recordType?: RecordType;
  /** Which tags, in which order; every tag by default. */
  readonly selection?: TagSelection;
}

/** The record batches of a decoder that has taken its last page, each made when it is asked for. */
export async function* decodedBatches(
  decoder: PageDecoder,
  { recordType = POOL_TAG, selection }: PoolTagTransformOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const result = await decoder.finish();
  yield* packRows(recordType, rowsOf(recordType, result, selection));
}
