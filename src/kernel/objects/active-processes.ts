import { virtualAddress } from '../../address.js';
import { walkRing } from '../../memory/structures.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { KernelLayout } from '../symbols/kernel-layout.js';
import type { ProcessReader } from './process-reader.js';
import { Sighting } from './sighting.js';

/** More processes than any machine runs. */
export const MOST_PROCESSES = 1 << 16;

/** The processes on PsActiveProcessHead, forward and, where that way is torn, backward; or why it is not available. */
export async function activeProcesses(memory: VirtualMemory, layout: KernelLayout, reader: ProcessReader): Promise<Sighting | string> {
  const head = layout.address('PsActiveProcessHead');
  const links = layout.fields('eprocess', 'ActiveProcessLinks');
  if (typeof head === 'string') return head;
  if (typeof links === 'string') return links;
  const ring = await walkRing(memory, head, MOST_PROCESSES);
  const sighting = new Sighting();
  for (const entry of ring.entries) {
    const process = await reader.read(virtualAddress(entry - BigInt(links.ActiveProcessLinks)));
    if (typeof process === 'string') sighting.tally.miss(process);
    else sighting.add(process.address);
  }
  if (!ring.whole) sighting.tally.miss('the forward links do not lead back to PsActiveProcessHead; what the backward ones lead to is counted too');
  return sighting;
}
