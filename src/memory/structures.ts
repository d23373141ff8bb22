import { virtualAddress, type VirtualAddress } from '../address.js';
import { readCached, type VirtualMemory } from './virtual-memory.js';

export interface RingWalk {
  /** Address of each member's LIST_ENTRY that can be read, the head left out; those found by the way back alone come last. */
  readonly entries: readonly VirtualAddress[];
  /** Whether the way forward led back to the head, past every member that the way back knows. */
  readonly whole: boolean;
}

interface OneWay {
  readonly entries: VirtualAddress[];
  readonly reachedHead: boolean;
  /** Whether each member's other link leads to the one before it. */
  readonly agrees: boolean;
}

const ENTRY_SIZE = 16;
const FLINK = 0;
const BLINK = 8;

/**
 * Walks a ring of LIST_ENTRY structures (two 64-bit pointers: forward, backward). A live image may be torn at a link:
 * where the links do not agree, the way back is walked as well and what it alone knows is added.
 * @param most members at most: a torn ring may never end
 */
export async function walkRing(memory: VirtualMemory, head: VirtualAddress, most: number): Promise<RingWalk> {
  const forward = await walkOneWay(memory, head, FLINK, most);
  if (forward.reachedHead && forward.agrees) return { entries: forward.entries, whole: true };
  const backward = await walkOneWay(memory, head, BLINK, most);
  const known = new Set(forward.entries);
  const added = backward.entries.filter((entry) => !known.has(entry)).reverse();
  return { entries: [...forward.entries, ...added].slice(0, most), whole: forward.reachedHead && added.length === 0 };
}

async function walkOneWay(
  memory: VirtualMemory,
  head: VirtualAddress,
  link: typeof FLINK | typeof BLINK,
  most: number,
): Promise<OneWay> {
  const seen = new Set<VirtualAddress>();
  let agrees = true;
  let last = head;
  let at = head;
  for (;;) {
    const bytes = await memory.readWhole(at, ENTRY_SIZE);
    if (bytes === null) {
      seen.delete(at);
      return { entries: [...seen], reachedHead: false, agrees };
    }
    if (at !== head) agrees &&= bytes.readBigUInt64LE(FLINK + BLINK - link) === last;
    const next = virtualAddress(bytes.readBigUInt64LE(link));
    if (next === head) return { entries: [...seen], reachedHead: true, agrees };
    if (seen.has(next) || seen.size >= most) return { entries: [...seen], reachedHead: false, agrees };
    seen.add(next);
    last = at;
    at = next;
  }
}

/** Bytes of a UNICODE_STRING of x64: length and room in bytes, then at 8 the address of the characters. */
export const UNICODE_STRING_SIZE = 16;

const MAX_BYTES = 512;

/** The characters of the UNICODE_STRING at `at` in a structure; null when they are missing or its length is none. */
export async function readUnicodeString(memory: VirtualMemory, structure: Buffer, at: number): Promise<string | null> {
  const length = structure.readUInt16LE(at);
  if (length === 0 || length > MAX_BYTES || length % 2 !== 0) return null;
  const bytes = await readCached(memory, virtualAddress(structure.readBigUInt64LE(at + 8)), length);
  return bytes?.toString('utf16le') ?? null;
}
