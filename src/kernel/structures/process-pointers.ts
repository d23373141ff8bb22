import { virtualAddress, type VirtualAddress } from '../../address.js';
import { isMissing, type Missing } from '../../errors.js';
import { readCached } from '../../memory/virtual-memory.js';
import type { FieldOffsets } from '../symbols/symbols.js';
import type { ClientIds } from './client-ids.js';
import { decideOffset, outweighs } from './field-search.js';
import { decodeTableCode } from './handle-entries.js';
import { isFieldOfOneType } from './object-layout.js';
import type { ProcessSet } from './process-layout.js';

/** The lowest bits of an EX_FAST_REF count references: four of them, three on x86. */
export const FAST_REF_BITS = { 4: 7n, 8: 0xfn } as const;
/** Bytes of a HANDLE_TABLE in which it names its process. */
const TABLE_HEAD = 0x60;
/** Processes that are looked at. */
const MAX_PROCESSES = 64;

/** A pointer of each process at an offset, where it is one of the kernel's; processes without one tell nothing. */
function pointersAt(
  { specimens, kernel }: ProcessSet,
  offset: number,
  flags: bigint,
): Map<VirtualAddress, VirtualAddress> | null {
  const targets = new Map<VirtualAddress, VirtualAddress>();
  for (const specimen of specimens.slice(0, MAX_PROCESSES)) {
    const pointer = specimen.pointer(offset);
    if (pointer === null || pointer === 0n) continue;
    if (!kernel.memory.pageTable.isKernelAddress(pointer)) return null;
    targets.set(specimen.address, virtualAddress(pointer & ~flags));
  }
  return targets.size > 1 ? targets : null;
}

/**
 * ObjectTable: leads to a HANDLE_TABLE whose TableCode names a page of the kernel's, and in which, at one place in all
 * of them, its process stands (QuotaProcess; System's own table has none).
 */
export async function findObjectTable(processes: ProcessSet, clients: ClientIds | Missing): Promise<number | Missing> {
  if (isMissing(clients)) return clients;
  const { memory } = processes.kernel;
  const step = memory.pointerSize;
  const fitting: number[] = [];
  for (let offset = processes.idAt + step; offset + step <= processes.size; offset += step) {
    const targets = pointersAt(processes, offset, 0n);
    if (targets === null) continue;
    const named = new Map<number, number>();
    let tables = 0;
    for (const [process, table] of targets) {
      const head = await readCached(memory, table, TABLE_HEAD);
      if (head === null) continue;
      tables++;
      if (decodeTableCode(memory, memory.pointerAt(head, clients.tableCodeAt)) === null) continue;
      for (let at = 0; at < TABLE_HEAD; at += step)
        if (memory.pointerAt(head, at) === process) named.set(at, (named.get(at) ?? 0) + 1);
    }
    if ([...named.values()].some((count) => outweighs(count, tables - count))) fitting.push(offset);
  }
  return decideOffset(fitting);
}

/**
 * Token: an EX_FAST_REF whose low bits count references, to objects of one type, one for each process.
 * @param header of objects, proved
 */
export async function findToken(processes: ProcessSet, header: FieldOffsets | Missing): Promise<number | Missing> {
  if (isMissing(header)) return header;
  const { kernel, idAt, size, system } = processes;
  const step = kernel.memory.pointerSize;
  const fitting: number[] = [];
  for (let offset = idAt + step; offset + step <= size; offset += step) {
    const targets = pointersAt(processes, offset, FAST_REF_BITS[step]);
    if (targets === null || new Set(targets.values()).size < targets.size) continue;
    const counts = processes.specimens.some((one) => ((one.pointer(offset) ?? 0n) & FAST_REF_BITS[step]) !== 0n);
    if (counts && (await isFieldOfOneType(kernel, header, system.address, [...targets.values()]))) fitting.push(offset);
  }
  return decideOffset(fitting);
}
