import { hex, virtualAddress, type VirtualAddress } from '../address.js';
import type { Rejection } from '../kernel/root/root.js';
import type { VirtualMemory } from '../memory/virtual-memory.js';
import { disagreement } from './locate/read-tables.js';
import type { ProcessorTable } from './table-set.js';
import type { TrackerTable } from './table/tracker-table.js';

/** ExPoolTagTables, read: the tables of all processors. */
export interface ProcessorTables {
  readonly tables: readonly ProcessorTable[];
  /** Pointers that could not be read, when a page of the array is missing. */
  readonly unreadable: number;
  readonly rejected: readonly Rejection[];
}

/**
 * Reads the array of per-processor tables. An absent processor's pointer is NULL, and the array's length is only known
 * as an upper bound, so each pointer must lead to keys at table 0's slots.
 * @param capacity pointers that the array can hold
 * @param endsAtStranger whether the first pointer that leads elsewhere ends the array (its true length is unknown), or
 * is reported
 */
export async function readProcessorTables(
  memory: VirtualMemory, array: VirtualAddress, capacity: number, table0: VirtualAddress, first: TrackerTable, endsAtStranger: boolean,
): Promise<ProcessorTables> {
  const { bytes, missing } = await memory.read(array, capacity * 8);
  const tables: ProcessorTable[] = [{ processor: 0, address: table0 }];
  const rejected: Rejection[] = [];
  const seen = new Set<VirtualAddress>([table0]);
  for (let processor = 1; processor < capacity; processor++) {
    const pointer = virtualAddress(bytes.readBigUInt64LE(processor * 8));
    if (pointer === 0n) continue;
    const reason = seen.has(pointer) ? 'the same table as an earlier processor\'s' : await disagreement(memory, pointer, first, endsAtStranger);
    if (reason === null) {
      tables.push({ processor, address: pointer });
      seen.add(pointer);
      continue;
    }
    if (endsAtStranger) break;
    rejected.push({ what: 'table', address: hex(pointer), from: `ExPoolTagTables[${processor}]`, reason });
  }
  const unreadable = missing.length === 0 ? 0 : unreadPointers(array, capacity, missing.map((page) => page.virtualAddress));
  return { tables, unreadable, rejected };
}

function unreadPointers(array: VirtualAddress, capacity: number, pages: readonly VirtualAddress[]): number {
  let count = 0;
  for (let index = 0; index < capacity; index++) {
    const pointer = array + BigInt(index * 8);
    if (pages.some((page) => pointer >= page && pointer < page + 0x1000n)) count++;
  }
  return count;
}
