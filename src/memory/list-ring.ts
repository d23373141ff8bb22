import { virtualAddress, type VirtualAddress } from '../address.js';
import type { VirtualMemory } from './virtual-memory.js';

export interface RingWalk {
  /** Address of each member's LIST_ENTRY, in the ring's order, the head left out. */
  readonly entries: readonly VirtualAddress[];
  /** Whether the way forward led back to the head. */
  readonly whole: boolean;
}

const FLINK = 0n;
const BLINK = 8n;

/**
 * Walks a ring of LIST_ENTRY structures (two 64-bit pointers: forward, backward). A live image may be torn at a link:
 * where the way forward ends short of the head, the rest is fetched by the way back.
 * @param most members at most: a torn ring may never end
 */
export async function walkRing(memory: VirtualMemory, head: VirtualAddress, most: number): Promise<RingWalk> {
  const seen = new Set<VirtualAddress>([head]);
  const forward = await walkOneWay(memory, head, FLINK, seen, most);
  if (forward.whole) return forward;
  const backward = await walkOneWay(memory, head, BLINK, seen, most - forward.entries.length);
  return { entries: [...forward.entries, ...backward.entries.reverse()], whole: false };
}

async function walkOneWay(
  memory: VirtualMemory, head: VirtualAddress, link: bigint, seen: Set<VirtualAddress>, most: number,
): Promise<{ entries: VirtualAddress[]; whole: boolean }> {
  const entries: VirtualAddress[] = [];
  let at = head;
  while (entries.length < most) {
    const next = await memory.readUint64(virtualAddress(at + link));
    if (next === head) return { entries, whole: true };
    if (next === null || seen.has(virtualAddress(next))) break;
    at = virtualAddress(next);
    seen.add(at);
    entries.push(at);
  }
  return { entries, whole: false };
}
