import { PoolTrackerError } from '../errors.js';
import { rowsOf } from '../record/rows/rows.js';
import { POOL_TAG } from '../record/schema/record-types.js';
import type { Row } from '../record/schema/record-type.js';
import { decodeScan } from '../scan/decode-scan.js';
import { openScan } from '../scan/open-scan.js';
import type { ScanOptions } from '../scan/scan-options.js';
import { openRecords, READERS } from '../sink/readers.js';

export const MEASURES = ['bytes', 'outstanding', 'allocs'] as const;
export type Measure = (typeof MEASURES)[number];

/** One tag of one image: the sums over both pools, wrapping at 64 bits as the counters do. */
export interface TagCount extends Readonly<Record<Measure, bigint>> {
  readonly tag: string;
  readonly key: number;
  readonly complete: boolean;
}

function isRecordFile(input: string): boolean {
  return READERS.some(({ extensions }) => extensions.some((extension) => input.toLowerCase().endsWith(extension)));
}

async function* imageRows(image: string, options: ScanOptions): AsyncGenerator<Row> {
  const scan = await openScan(image, options);
  try {
    yield* rowsOf(POOL_TAG, await decodeScan(scan));
  } finally {
    await scan.close();
  }
}

async function* recordRows(file: string): AsyncGenerator<Row> {
  const { recordType, rows } = await openRecords(file);
  if (recordType !== null && recordType !== POOL_TAG) {
    throw new PoolTrackerError('USAGE', `${file}: expected ${POOL_TAG.name} records, found ${recordType.name}`);
  }
  yield* rows;
}

function sum(row: Row, measure: Measure): bigint {
  return BigInt.asIntN(64, (row[`nonpaged_${measure}`] as bigint) + (row[`paged_${measure}`] as bigint));
}

/**
 * The tags of one image by their key, from the image itself or from a file of its `pool_tag` records (told by its
 * ending). A tag with two entries is their sum.
 *
 * @throws PoolTrackerError USAGE for records of another kind or of several images, and what stands in the way of an image
 */
export async function readTagCounts(input: string, options: ScanOptions = {}): Promise<Map<number, TagCount>> {
  const counts = new Map<number, TagCount>();
  let imageId: unknown;
  for await (const row of isRecordFile(input) ? recordRows(input) : imageRows(input, options)) {
    imageId ??= row['image_id'];
    if (row['image_id'] !== imageId) {
      throw new PoolTrackerError('USAGE', `${input}: expected the records of one image, found those of ${String(imageId)} and ${String(row['image_id'])}`, {
        hint: "for images of a dataset: pool-tracker query DATASET --view compare IMAGE_A IMAGE_B",
      });
    }
    const key = row['key'] as number;
    const known = counts.get(key);
    const total = (measure: Measure): bigint => BigInt.asIntN(64, sum(row, measure) + (known?.[measure] ?? 0n));
    counts.set(key, {
      tag: row['tag'] as string, key, complete: row['complete'] === true && known?.complete !== false,
      bytes: total('bytes'), outstanding: total('outstanding'), allocs: total('allocs'),
    });
  }
  return counts;
}
