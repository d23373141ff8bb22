import type { VirtualAddress } from '../address.js';
import { readCached, type VirtualMemory } from './virtual-memory.js';

export interface RingWalk {
  /**
   * Addresses of the members' LIST_ENTRY structures that can be read, without the head; those that only backward links
   * reach come last.
   */
  readonly entries: readonly VirtualAddress[];
  /** Whether the forward links led back to the head and passed every member that the backward links reach. */
  readonly whole: boolean;
}

interface OneWay {
  readonly entries: VirtualAddress[];
  readonly reachedHead: boolean;
  /** Whether the opposite link of each member points to the member before it. */
  readonly agrees: boolean;
}

/** The links of a LIST_ENTRY, in pointers. */
const FORWARD = 0;
const BACKWARD = 1;
type Link = typeof FORWARD | typeof BACKWARD;

/**
 * Walks a ring of LIST_ENTRY structures (two pointers: forward, backward). A live image may be torn at a link:
 * where the links do not agree, the ring is walked backward as well, and the members found only that way are added.
 * @param limit maximum number of members: a torn ring may never end
 */
export async function walkRing(memory: VirtualMemory, head: VirtualAddress, limit: number): Promise<RingWalk> {
  const forward = await walkOneWay(memory, head, FORWARD, limit);
  if (forward.reachedHead && forward.agrees) return { entries: forward.entries, whole: true };
  const backward = await walkOneWay(memory, head, BACKWARD, limit);
  const known = new Set(forward.entries);
  const added = backward.entries.filter((entry) => !known.has(entry)).reverse();
  return { entries: [...forward.entries, ...added].slice(0, limit), whole: forward.reachedHead && added.length === 0 };
}

async function walkOneWay(memory: VirtualMemory, head: VirtualAddress, link: Link, limit: number): Promise<OneWay> {
  const seen = new Set<VirtualAddress>();
  let agrees = true;
  let last = head;
  let at = head;
  for (;;) {
    const bytes = await memory.readWhole(at, 2 * memory.pointerSize);
    if (bytes === null) {
      seen.delete(at);
      return { entries: [...seen], reachedHead: false, agrees };
    }
    if (at !== head) agrees &&= memory.pointerAt(bytes, (1 - link) * memory.pointerSize) === last;
    const next = memory.pointerAt(bytes, link * memory.pointerSize);
    if (next === head) return { entries: [...seen], reachedHead: true, agrees };
    if (seen.has(next) || seen.size >= limit) return { entries: [...seen], reachedHead: false, agrees };
    seen.add(next);
    last = at;
    at = next;
  }
}

const MAX_BYTES = 512;

/**
 * The characters of the UNICODE_STRING at `at` in a structure (length and capacity in bytes, 16 bits each; then, aligned
 * as pointers are, the address of the characters); null when they are missing or the length is not
 * plausible.
 */
export async function readUnicodeString(memory: VirtualMemory, structure: Buffer, at: number): Promise<string | null> {
  const length = structure.readUInt16LE(at);
  if (length === 0 || length > MAX_BYTES || length % 2 !== 0) return null;
  const bytes = await readCached(memory, memory.pointerAt(structure, at + memory.pointerSize), length);
  return bytes?.toString('utf16le') ?? null;
}
