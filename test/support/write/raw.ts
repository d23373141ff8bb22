import type { GeneratedMemory } from '../generate/memory-plan.js';
import { PAGE } from '../generate/sparse-memory.js';
import { layoutBuffer, writeLayout, type ImageLayout } from './image.js';

/** Raw memory: offset = physical address. Lost pages read as zeros. */
export function rawLayout({ memory }: GeneratedMemory): ImageLayout {
  return {
    byteLength: memory.byteLength,
    parts: memory.writtenFrames().map((frame) => ({ offset: frame * PAGE, bytes: memory.page(frame) })),
  };
}

export function writeRaw(generated: GeneratedMemory, path: string): Promise<void> {
  return writeLayout(rawLayout(generated), path);
}

export function rawBuffer(generated: GeneratedMemory): Buffer {
  return layoutBuffer(rawLayout(generated));
}
