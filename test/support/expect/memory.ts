import assert from 'node:assert/strict';
import type { OpenedImage } from '../../../src/image/image.js';
import { readBytes } from '../../../src/source/source.js';
import type { RamRange, SparseMemory } from '../generate/sparse-memory.js';

/** Asserts that the image's runs are `ranges`, and that every byte in them is the memory's. */
export async function expectMemory(
  image: OpenedImage,
  memory: SparseMemory,
  ranges: Iterable<RamRange>,
): Promise<void> {
  assert.deepEqual(addressRanges(image), joined(ranges), 'the runs, neighbours joined');
  for (const run of image.runs) {
    const bytes = await readBytes(image.source, run.offset, run.length);
    assert.equal(bytes.length, run.length);
    assert.ok(bytes.equals(memory.read(run.start, run.length)), `the bytes at ${run.start.toString(16)}`);
  }
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
