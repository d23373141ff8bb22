import { hex, virtualAddress } from '../../address.js';
import { walkRing } from '../../memory/structures.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { DISPATCHER_THREAD } from '../structures/structures.js';
import type { KernelLayout } from '../symbols/symbols.js';
import { MAX_OBJECTS, Sighting } from './object-count.js';
import type { Process, ProcessReader } from './process-reader.js';

/** The threads on each process's ThreadListHead; or why they are not available. */
export async function threadLists(
  memory: VirtualMemory,
  layout: KernelLayout,
  processes: Iterable<Process>,
): Promise<Sighting | string> {
  const head = layout.fields('eprocess', 'ThreadListHead');
  const thread = layout.fields('ethread', 'ThreadListEntry', 'Cid');
  if (typeof head === 'string') return head;
  if (typeof thread === 'string') return thread;
  const sighting = new Sighting();
  let claimed = 0;
  let left = MAX_OBJECTS;
  for (const process of processes) {
    const ring = await walkRing(memory, virtualAddress(process.address + BigInt(head.ThreadListHead)), left);
    left -= ring.entries.length;
    claimed += process.activeThreads ?? 0;
    for (const entry of ring.entries) {
      const address = virtualAddress(entry - BigInt(thread.ThreadListEntry));
      const type = (await readCached(memory, address, 1))?.readUInt8();
      const owner = await memory.readPointer(virtualAddress(address + BigInt(thread.Cid)));
      if (type === DISPATCHER_THREAD && owner === BigInt(process.pid)) sighting.add(address);
      else
        sighting.tally.miss(
          `${type === undefined || owner === null ? 'missing' : 'no thread of its'}: ${hex(address)} on the thread list of ${process.name} (${process.pid})`,
        );
    }
    if (!ring.whole)
      sighting.tally.miss(`the thread list of ${process.name} (${process.pid}) does not lead back to its head`);
  }
  if (claimed !== sighting.found.size) sighting.tally.note(`ActiveThreads of the processes add up to ${claimed}`);
  return sighting;
}

/** More processes than any machine runs. */
export const MAX_PROCESSES = 1 << 16;

/**
 * The processes on PsActiveProcessHead, by the forward links and, where these are torn, by the backward ones; or why
 * the list is not available.
 */
export async function activeProcesses(
  memory: VirtualMemory,
  layout: KernelLayout,
  reader: ProcessReader,
): Promise<Sighting | string> {
  const head = layout.address('PsActiveProcessHead');
  const links = layout.fields('eprocess', 'ActiveProcessLinks');
  if (typeof head === 'string') return head;
  if (typeof links === 'string') return links;
  const ring = await walkRing(memory, head, MAX_PROCESSES);
  const sighting = new Sighting();
  for (const entry of ring.entries) {
    const process = await reader.read(virtualAddress(entry - BigInt(links.ActiveProcessLinks)));
    if (typeof process === 'string') sighting.tally.miss(process);
    else sighting.add(process.address);
  }
  if (!ring.whole)
    sighting.tally.miss(
      'the forward links do not lead back to PsActiveProcessHead; what the backward ones lead to is counted too',
    );
  return sighting;
}
