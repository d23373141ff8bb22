import type { GeneratedMemory } from '../../generate/memory-plan.js';
import { layoutBuffer, writeLayout, type ImageLayout } from '../image.js';
import { packRanges } from '../runs.js';

const HEADER = 32;

/** LiME: a header before each range, its end inclusive. */
export function limeLayout({ memory }: GeneratedMemory): ImageLayout {
  const headers: { offset: number; bytes: Buffer }[] = [];
  const packed = packRanges(memory, memory.presentRanges(), 0, HEADER);
  for (const { start, end, offset } of packed.ranges) {
    const bytes = Buffer.alloc(HEADER);
    bytes.writeUInt32LE(0x4c694d45, 0);
    bytes.writeUInt32LE(1, 4);
    bytes.writeBigUInt64LE(BigInt(start), 8);
    bytes.writeBigUInt64LE(BigInt(end - 1), 16);
    headers.push({ offset: offset - HEADER, bytes });
  }
  return { byteLength: packed.end, parts: [...headers, ...packed.parts] };
}

export function writeLime(generated: GeneratedMemory, path: string): Promise<void> {
  return writeLayout(limeLayout(generated), path);
}

export function limeBuffer(generated: GeneratedMemory): Buffer {
  return layoutBuffer(limeLayout(generated));
}
