import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import { readCached } from '../../memory/cached-read.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { HandleTables, HandleTableWalk } from './handle-table.js';
import type { KernelLayout } from '../symbols/kernel-layout.js';
import { DISPATCHER_PROCESS, DISPATCHER_THREAD, type ProcessReader } from './process-reader.js';
import { Sighting } from './sighting.js';

/** PspCidTable, walked. */
export interface CidTable {
  readonly processes: Sighting;
  /** Null with the reason, where a thread's own id cannot be read. */
  readonly threads: Sighting | string;
  readonly walk: HandleTableWalk;
}

/**
 * PspCidTable is the handle table that process and thread ids are handles in; its entries point to the objects
 * themselves. Each proves itself: the object at a handle names that handle as its id. Or why it is not available.
 */
export async function readCidTable(
  memory: VirtualMemory, layout: KernelLayout, tables: HandleTables, reader: ProcessReader,
): Promise<CidTable | string> {
  const variable = layout.address('PspCidTable');
  if (typeof variable === 'string') return variable;
  const table = await memory.readUint64(variable);
  if (table === null) return `PspCidTable at ${hex(variable)} is missing`;
  const cid = layout.fields('ethread', 'Cid');
  const processes = new Sighting();
  const threads = new Sighting();
  const walk = tables.walk(virtualAddress(table));
  for await (const { handle, object } of walk.entries()) {
    const type = await dispatcherType(memory, object);
    if (type === DISPATCHER_THREAD) {
      if (typeof cid === 'string') continue;
      const id = (await readCached(memory, virtualAddress(object + BigInt(cid.Cid) + 8n), 8))?.readBigUInt64LE();
      if (id === BigInt(handle)) threads.add(object);
      else threads.tally.miss(`the thread at ${hex(object)} under id ${handle} has another id`);
      continue;
    }
    const process = type === DISPATCHER_PROCESS ? await reader.read(object) : `what id ${handle} leads to, ${hex(object)}, is ${type === null ? 'missing' : 'neither process nor thread'}`;
    if (typeof process !== 'string' && process.pid === handle) processes.add(object);
    else processes.tally.miss(typeof process === 'string' ? process : `the process at ${hex(object)} under id ${handle} has id ${process.pid}`);
  }
  if (walk.pages === 0) return walk.tally.reason ?? 'PspCidTable is empty';
  processes.tally.add(walk.tally);
  threads.tally.add(walk.tally);
  return { processes, threads: typeof cid === 'string' ? cid : threads, walk };
}

async function dispatcherType(memory: VirtualMemory, object: VirtualAddress): Promise<number | null> {
  if (!memory.pageTable.isKernelAddress(object)) return null;
  return (await readCached(memory, object, 1))?.readUInt8() ?? null;
}
