import { hex } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import { rowsOf } from '../../record/rows/rows.js';
import type { Row } from '../../record/schema/record-type.js';
import { POOL_TAG } from '../../record/schema/record-types.js';
import { openScan } from '../../scan/open-scan.js';
import type { DecodedScan } from '../../scan/scan-result.js';
import { decodeScan, type ScanOptions } from '../../scan/scan.js';
import { openRecords, READERS } from '../../sink/readers.js';

export const MEASURES = ['bytes', 'outstanding', 'allocs'] as const;
/** What two images are compared by: one of MEASURES. */
export type Measure = (typeof MEASURES)[number];

/** One tag of one image: the sums over both pools, wrapping at 64 bits as the counters do. */
export interface TagCount extends Readonly<Record<Measure, bigint>> {
  /** The four bytes of the tag. */
  readonly tag: string;
  /** The key as stored. */
  readonly key: number;
  /** Whether no page was missing that could hold a part of the counts. */
  readonly complete: boolean;
  /** Bytes in use. */
  readonly bytes: bigint;
  /** Allocations in use. */
  readonly outstanding: bigint;
  /** Allocations since the start. */
  readonly allocs: bigint;
}

/** What tells one start of a machine from another: an address that a kernel is given anew at each. */
export interface BootMarks {
  /** Of the kernel image. */
  readonly kernelBase: string;
  /** Of processor 0's table; null when it is not known. */
  readonly firstTable: string | null;
}

/** One side of a comparison: what it is of, and its tags by their key. */
export interface DiffSubject {
  /** As it was named. */
  readonly name: string;
  /** Null where there are no records. */
  readonly imageId: string | null;
  /** The label; null where none was given. */
  readonly host: string | null;
  /** Null when unknown. */
  readonly windowsVersion: string | null;
  /** Null when unknown. */
  readonly kernelGuid: string | null;
  /** Milliseconds since 1970 UTC. */
  readonly capturedAt: number | null;
  /** Null for records, and for tables that were carved. */
  readonly boot: BootMarks | null;
  /** By key; a tag with two entries is their sum. */
  readonly tags: ReadonlyMap<number, TagCount>;
}

function isRecordFile(input: string): boolean {
  return READERS.some(({ extensions }) => extensions.some((extension) => input.toLowerCase().endsWith(extension)));
}

function bootMarks({ kernel, tables }: DecodedScan): BootMarks | null {
  const first = tables.processorTables.find(({ processor }) => processor === 0)?.address ?? null;
  if (kernel.location === null) return null;
  return { kernelBase: hex(kernel.location.base), firstTable: first === null ? null : hex(first) };
}

async function readImage(image: string, options: ScanOptions): Promise<DiffSubject> {
  const scan = await openScan(image, options);
  try {
    const result = await decodeScan(scan);
    return { ...(await readRows(image, rowsOf(POOL_TAG, result))), boot: bootMarks(result) };
  } finally {
    await scan.close();
  }
}

async function readRecords(file: string): Promise<DiffSubject> {
  const { recordType, rows } = await openRecords(file);
  if (recordType !== null && recordType !== POOL_TAG) {
    throw new PoolTrackerError('USAGE', `${file}: expected ${POOL_TAG.name} records, found ${recordType.name}`);
  }
  return readRows(file, rows);
}

function sum(row: Row, measure: Measure): bigint {
  return BigInt.asIntN(64, (row[`nonpaged_${measure}`] as bigint) + (row[`paged_${measure}`] as bigint));
}

async function readRows(input: string, rows: Iterable<Row> | AsyncIterable<Row>): Promise<DiffSubject> {
  const tags = new Map<number, TagCount>();
  let first: Row | null = null;
  for await (const row of rows) {
    first ??= row;
    if (row['image_id'] !== first['image_id']) {
      throw new PoolTrackerError(
        'USAGE',
        `${input}: expected the records of one image, found those of ${String(first['image_id'])} and ${String(row['image_id'])}`,
        { hint: 'for images of a dataset: pool-tracker query DATASET --view compare IMAGE_A IMAGE_B' },
      );
    }
    const key = row['key'] as number;
    const known = tags.get(key);
    const total = (measure: Measure): bigint => BigInt.asIntN(64, sum(row, measure) + (known?.[measure] ?? 0n));
    tags.set(key, {
      tag: row['tag'] as string,
      key,
      complete: row['complete'] === true && known?.complete !== false,
      bytes: total('bytes'),
      outstanding: total('outstanding'),
      allocs: total('allocs'),
    });
  }
  const text = (name: string): string | null => (first?.[name] as string | null | undefined) ?? null;
  return {
    name: input,
    imageId: text('image_id'),
    host: text('host'),
    windowsVersion: text('windows_version'),
    kernelGuid: text('kernel_guid'),
    capturedAt: (first?.['captured_at'] as number | null | undefined) ?? null,
    boot: null,
    tags,
  };
}

/**
 * One side of a comparison, from the image itself or from a file of its `pool_tag` records (recognised by its ending).
 * A tag with two entries is their sum.
 *
 * @throws PoolTrackerError USAGE for records of another type or of several images; whatever opening and scanning an
 * image throws
 */
export function readDiffSubject(input: string, options: ScanOptions = {}): Promise<DiffSubject> {
  return isRecordFile(input) ? readRecords(input) : readImage(input, options);
}
