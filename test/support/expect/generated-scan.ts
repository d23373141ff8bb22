import assert from 'node:assert/strict';
import { isMissing } from '../../../src/errors.js';
import { openImage } from '../../../src/image/formats.js';
import type { DecodedScan, KernelReadings, ScanResult } from '../../../src/scan/scan-result.js';
import type { TagTotal } from '../../../src/pool/table/tag-totals.js';
import { decodeScan, type ScanOptions, scanRequest } from '../../../src/scan/scan.js';
import { WalkScan } from '../../../src/scan/walk-scan.js';
import { BufferSource } from '../sources/buffer-source.js';
import type { MergedEntry } from '../generate/tracker/tracker-table-writer.js';
import { COUNTER_NAMES, type EntrySize } from '../generate/tracker/tracker-layouts.js';

/** Opens an image that lies in a buffer for a walk. @throws PoolTrackerError why it failed */
export function openWalk(bytes: Buffer, options: ScanOptions = {}): Promise<WalkScan> {
  return openSource(new BufferSource(bytes), options);
}

async function openSource(source: BufferSource, options: ScanOptions): Promise<WalkScan> {
  const image = await openImage(source, options.imageFormat);
  const scan = await WalkScan.open(image, scanRequest(source.name, { cache: false, ...options }));
  if ('outcome' in scan) throw scan.outcome.error;
  return scan;
}

/** Walks an image that lies in a buffer. */
export function walkBuffer(bytes: Buffer, options: ScanOptions = {}, keepProcessors = false): Promise<DecodedScan> {
  return walkSource(new BufferSource(bytes), options, keepProcessors);
}

/** Walks an image, the reads of which are counted. */
export async function walkSource(
  source: BufferSource,
  options: ScanOptions = {},
  keepProcessors = false,
): Promise<DecodedScan> {
  return decodeScan(await openSource(source, options), keepProcessors);
}

/** What can be read beside the tables of an image that was walked. */
export function readingsOf({ objects }: ScanResult): KernelReadings {
  assert.ok(!isMissing(objects), 'the image was walked');
  return objects;
}

/** Bits of a pointer, and so of a count of bytes, of a kernel whose entries have this size. */
function pointerBits(entrySize: EntrySize): 32 | 64 {
  return [28, 48, 64].includes(entrySize) ? 32 : 64;
}

/** An entry in the form of a total: counters signed as records carry them. */
function expected(entry: MergedEntry, entrySize: EntrySize): object {
  const count = (value: bigint): bigint => (entrySize <= 40 ? value : BigInt.asIntN(64, value));
  const bytes = (value: bigint): bigint => BigInt.asIntN(pointerBits(entrySize), value);
  return {
    key: entry.key,
    slot: entry.slot,
    place: entry.place,
    complete: entry.complete,
    counters: COUNTER_NAMES.map((name) => (name.endsWith('Bytes') ? bytes : count)(entry.counters[name])),
  };
}

/** Asserts that every total is as generated, in table order. */
export function assertTotals(totals: readonly TagTotal[], merged: readonly MergedEntry[], entrySize: EntrySize): void {
  const actual = totals.map(({ key, slot, place, complete, counters }) => ({
    key,
    slot,
    place,
    complete,
    counters: [...counters],
  }));
  assert.deepEqual(
    actual,
    merged.map((entry) => expected(entry, entrySize)),
  );
}
