import { virtualAddress } from '../address.js';
import { readCached } from './cached-read.js';
import type { VirtualMemory } from './virtual-memory.js';

/** Bytes of a UNICODE_STRING of x64: length and room in bytes, then at 8 the address of the characters. */
export const UNICODE_STRING_SIZE = 16;

const LONGEST = 512;

/** The characters of the UNICODE_STRING at `at` in a structure; null when they are missing or its length is none. */
export async function readUnicodeString(memory: VirtualMemory, structure: Buffer, at: number): Promise<string | null> {
  const length = structure.readUInt16LE(at);
  if (length === 0 || length > LONGEST || length % 2 !== 0) return null;
  const bytes = await readCached(memory, virtualAddress(structure.readBigUInt64LE(at + 8)), length);
  return bytes?.toString('utf16le') ?? null;
}
