import { gzipSync } from 'node:zlib';
import type { GeneratedMemory } from '../generate/memory-plan.js';
import { padded, u32, u64 } from '../encode/bytes.js';
import { rawBuffer } from './raw.js';

const SECTION = 0xe0;

/** An HPAK file: a section of the page file, then physical memory, as it is or as a gzip stream with something behind. */
export function hpakBuffer(generated: GeneratedMemory, compressed = false): Buffer {
  const memory = rawBuffer(generated);
  const stored = compressed ? gzipSync(memory, { level: 1 }) : memory;
  const memoryAt = 0x20 + 2 * SECTION;
  const section = (name: string, length: number, offset: number, next: number): Buffer => {
    const bytes = Buffer.alloc(SECTION);
    bytes.set(padded(name, 32));
    bytes.set(u32(compressed ? 1 : 0), 0x8c);
    bytes.set(u64(length), 0x98);
    bytes.set(u64(offset), 0xa8);
    bytes.set(u64(next), 0xb0);
    bytes.set(u64(length === 0 ? 0 : stored.length), 0xb8);
    return bytes;
  };
  return Buffer.concat([
    padded('HPAK', 0x20),
    section('HPAKSECTHPAK_SECTION_PAGEDUMP', 0, 0, 0x20 + SECTION),
    section('HPAKSECTHPAK_SECTION_PHYSDUMP', memory.length, memoryAt, 0),
    stored,
    ...(compressed ? [Buffer.alloc(0x1000, 0xee)] : []),
  ]);
}
