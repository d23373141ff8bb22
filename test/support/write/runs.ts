import { PAGE, type RamRange, type SparseMemory } from '../generate/sparse-memory.js';

export interface PackedRange {
  readonly start: number;
  readonly end: number;
  /** Where its first byte lies in the file. */
  readonly offset: number;
}

export interface PackedMemory {
  readonly ranges: readonly PackedRange[];
  /** The pages that were written, at their place in the file. */
  readonly parts: readonly { readonly offset: number; readonly bytes: Buffer }[];
  /** The first file offset behind the last range. */
  readonly end: number;
}

/** Lays ranges one after another from `offset` on, each behind `gap` bytes of its own header. */
export function packRanges(memory: SparseMemory, ranges: Iterable<RamRange>, offset: number, gap = 0): PackedMemory {
  const packed: PackedRange[] = [];
  for (const [start, end] of ranges) {
    offset += gap;
    packed.push({ start, end, offset });
    offset += end - start;
  }
  const parts: { offset: number; bytes: Buffer }[] = [];
  let index = 0;
  for (const frame of memory.writtenFrames()) {
    const address = frame * PAGE;
    while (index < packed.length && (packed[index]?.end ?? 0) <= address) index++;
    const range = packed[index];
    if (range !== undefined && range.start <= address)
      parts.push({ offset: range.offset + address - range.start, bytes: memory.page(frame) });
  }
  return { ranges: packed, parts, end: offset };
}

/** Neighbouring frames as ranges, for containers that list single pages. */
export function rangesOfFrames(frames: readonly number[]): RamRange[] {
  const ranges: [number, number][] = [];
  for (const frame of frames) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === frame * PAGE) last[1] += PAGE;
    else ranges.push([frame * PAGE, (frame + 1) * PAGE]);
  }
  return ranges;
}
