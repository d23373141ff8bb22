import assert from 'node:assert/strict';
import { PAGE_SIZE, physicalAddress } from '../../../src/address.js';
import { type MemoryImage, type OpenedImage, warningsOf } from '../../../src/image/image.js';
import { PhysicalMemory } from '../../../src/memory/physical-memory.js';
import type { RamRange, SparseMemory } from '../generate/sparse-memory.js';

/** What is compared at a time, the same memory for all. Its length is no multiple of any container's unit but the page. */
const PIECE = Buffer.alloc(0x103000);

/** Asserts that the image's runs are `ranges`, and that every byte in them is the memory's. */
export async function expectMemory(
  image: OpenedImage,
  memory: SparseMemory,
  ranges: Iterable<RamRange>,
): Promise<void> {
  assert.deepEqual(addressRanges(image), joined(ranges), 'the runs, neighbours joined');
  for (const { start, offset, length } of image.runs) {
    for (let at = 0; at < length; at += PIECE.length) {
      const piece = PIECE.subarray(0, Math.min(PIECE.length, length - at));
      // What a source leaves as it was is none of its bytes.
      piece.fill(0xa5);
      assert.equal(await image.source.read(piece, offset + at), piece.length);
      assert.ok(memory.holds(start + at, piece), `the bytes at ${(start + at).toString(16)}`);
    }
  }
}

/**
 * Asserts that exactly the pages in `lost` count as missing and every other one is the memory's, and that one warning
 * tells of them.
 */
export async function expectLost(image: MemoryImage, memory: SparseMemory, lost: readonly RamRange[]): Promise<void> {
  const physical = new PhysicalMemory(image);
  const missing: RamRange[] = [];
  for (const { start, length } of image.runs) {
    for (let at: number = start; at < start + length; at += PAGE_SIZE) {
      const { bytes, whole } = await physical.read(physicalAddress(at), PAGE_SIZE);
      if (whole) assert.ok(memory.holds(at, bytes), `the bytes at ${at.toString(16)}`);
      else missing.push([at, at + PAGE_SIZE]);
    }
  }
  assert.deepEqual(joined(missing), joined(lost), 'the pages that are lost');
  const told = warningsOf(image).filter(({ code }) => code === 'image-unreadable');
  assert.equal(told.length, lost.length === 0 ? 0 : 1);
  if (lost.length > 0) assert.match(told[0]!.message, new RegExp(`^${missing.length} pages? of the image`));
}

/** Where the image has memory, whether or not it lies in one piece in the source. */
export function addressRanges(image: OpenedImage): RamRange[] {
  return joined([...image.runs].map((run) => [run.start, run.start + run.length] as const));
}

function joined(ranges: Iterable<RamRange>): RamRange[] {
  const out: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = out.at(-1);
    if (last?.[1] === start) last[1] = end;
    else out.push([start, end]);
  }
  return out;
}
