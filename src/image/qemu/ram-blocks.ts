import { PAGE_SIZE } from '../../address.js';
import type { MappedBlock } from './mapped-ram.js';
import type { StateComplaints } from './state-reader.js';

export const MACHINE_MEMORY = 'pc.ram';

/** Memory that a machine was given by name (`-object memory-backend-ram,id=ram-node0`), node by node. */
const NAMED_MEMORY = /^(\/objects\/)?(mem|ram|ram-node|node|pc|dimm|memory)[-._]?\w*$/i;
/** Blocks of devices that such a name might fit as well. */
const DEVICE_MEMORY = /rom|vram|vga|bios|flash|bar|fw_cfg|acpi|smram|tseg/i;
/** Devices have less. */
const MIN_NAMED = 16 << 20;

/** Each page takes at least 9 bytes of the state, and 8 of an index. */
const MIN_PER_PAGE = 8;
const PAGES_IN_HAND = 2 ** 22;
/** 512 GiB of memory: an index of more would not be held. */
const MAX_PAGES = 2 ** 27;

/** A block of RAM, a device's or the machine's, as the state lists it. */
export interface RamBlock {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Where its pages lie, if they have places of their own. */
  readonly mapped: MappedBlock | null;
  /** Whether the state has none of its pages, since other programs share them. */
  readonly isLeftOut: boolean;
}

/** The machine's memory: one block, or one for each node, in the order of their addresses. */
export interface RamBlocks {
  readonly byteLength: number;
  readonly blocks: readonly (RamBlock & { /** Offset in the machine's memory. */ readonly start: number })[];
}

/** Whether a block is memory of a machine that has none of the usual name. */
export function isNamedMemory({ name, size }: RamBlock): boolean {
  return size >= MIN_NAMED && NAMED_MEMORY.test(name) && !DEVICE_MEMORY.test(name);
}

/**
 * Which of a state's blocks are the machine's memory.
 * @param fileLength bounds what the state can hold
 * @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED
 */
export function machineMemory(all: readonly RamBlock[], fileLength: number, complaints: StateComplaints): RamBlocks {
  const own = all.filter(({ name }) => name === MACHINE_MEMORY);
  const memory = own.length > 0 ? own : all.filter(isNamedMemory);
  if (memory.length === 0) {
    const found = all.length === 0 ? 'it has no blocks' : `its blocks are ${all.map(({ name }) => name).join(', ')}`;
    throw complaints.refused(`it has no block ${MACHINE_MEMORY}: ${found}`, 'only PC machines can be read');
  }
  const byteLength = memory.reduce((sum, { size }) => sum + size, 0);
  if (byteLength / PAGE_SIZE > MAX_PAGES) {
    throw complaints.refused(
      `its memory has ${byteLength} bytes; up to ${MAX_PAGES * PAGE_SIZE} are read`,
      'dump it as ELF',
    );
  }
  if (byteLength / PAGE_SIZE > Math.max(PAGES_IN_HAND, fileLength / MIN_PER_PAGE)) {
    throw complaints.damaged(`its memory is said to be ${byteLength} bytes, which a file of ${fileLength} cannot hold`);
  }
  let start = 0;
  const blocks = memory.map((block) => {
    const placed = { ...block, start };
    start += block.size;
    return placed;
  });
  return { byteLength, blocks };
}
