import assert from 'node:assert/strict';
import { openImage } from '../../src/image/formats.js';
import type { DecodedImage } from '../../src/scan/scan-result.js';
import type { TagTotal } from '../../src/pool/table/tag-totals.js';
import { decodeScan } from '../../src/scan/scan.js';
import type { ScanOptions } from '../../src/scan/scan.js';
import { WalkScan } from '../../src/scan/walk-scan.js';
import { BufferSource } from './buffer-source.js';
import type { MergedEntry } from './generate/tracker-table-writer.js';
import { COUNTER_NAMES, type EntrySize } from './generate/tracker-layouts.js';

/** Walks an image that lies in a buffer. */
export async function walkBuffer(
  bytes: Buffer,
  options: ScanOptions = {},
  keepProcessors = false,
): Promise<DecodedImage> {
  const scan = await WalkScan.open(await openImage(new BufferSource(bytes), options.imageFormat), {
    cache: false,
    ...options,
  });
  return decodeScan(scan, keepProcessors);
}

/** An entry in the form of a total: counters signed as records carry them. */
function expected(entry: MergedEntry, entrySize: EntrySize): object {
  const count = (value: bigint): bigint => (entrySize === 40 ? value : BigInt.asIntN(64, value));
  const bytes = (value: bigint): bigint => BigInt.asIntN(64, value);
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
