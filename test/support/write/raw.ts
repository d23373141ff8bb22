import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { layoutBuffer, writeLayout, type ImageLayout } from './image.js';

/**
 * Raw memory: offset = physical address. Lost pages read as zeros.
 * @param from the physical address that the file begins with: a file does not tell
 */
export function rawLayout({ memory }: GeneratedMemory, from = 0): ImageLayout {
  return {
    byteLength: memory.byteLength - from,
    parts: memory.writtenFrames().map((frame) => ({ offset: frame * PAGE - from, bytes: memory.page(frame) })),
  };
}

export function writeRaw(generated: GeneratedMemory, path: string): Promise<void> {
  return writeLayout(rawLayout(generated), path);
}

export function rawBuffer(generated: GeneratedMemory, from = 0): Buffer {
  return layoutBuffer(rawLayout(generated, from));
}
