import { PAGE_SIZE } from '../../address.js';
import type { MappedBlock } from './mapped-ram.js';
import type { StateComplaints } from './state-reader.js';

export const MACHINE_MEMORY = 'pc.ram';

/** Memory that a machine was given by name (`-object memory-backend-ram,id=ram-node0`), node by node. */
const NAMED_MEMORY = /^(\/objects\/)?(mem|ram|ram-node|node|pc|dimm|memory)[-._]?\w*$/i;
/** Blocks of devices that such a name might fit as well. */
const DEVICE_MEMORY = /rom|vram|vga|bios|flash|bar|fw_cfg|acpi|smram|tseg/i;
/** Memory that was added to a running machine. */
const PLUGGED_MEMORY = /dimm/i;
/** A node of the machine's own memory. */
const NODE = /^(?:\/objects\/)?ram-node(\d+)$/;
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
  /** False where it is not known in which order the nodes follow one another. */
  readonly isOrdered: boolean;
  /** Memory that is in the state beside it, at addresses that are not known: added while the machine ran. */
  readonly others: readonly RamBlock[];
  readonly blocks: readonly (RamBlock & { /** Offset in the machine's memory. */ readonly start: number })[];
}

/** Whether a block is memory of a machine that has none of the usual name. */
export function isNamedMemory({ name, size }: RamBlock): boolean {
  return size >= MIN_NAMED && NAMED_MEMORY.test(name) && !DEVICE_MEMORY.test(name);
}

/**
 * Nodes in the order of their addresses, which is that of their numbers: a state lists the largest first, and those of
 * equal size as they were made. Null where their names do not tell: only `ram-node0`, `ram-node1` say that they are nodes
 * (libvirt's, Proxmox's), `mem1` may as well have been plugged in, at an address of its own.
 */
function inOrder(nodes: readonly RamBlock[]): RamBlock[] | null {
  if (nodes.length < 2) return [...nodes];
  const numbered = nodes.map((block) => ({ block, digits: NODE.exec(block.name)?.[1] }));
  if (numbered.some(({ digits }) => digits === undefined)) return null;
  const byNumber = [...numbered].sort((a, b) => Number(a.digits) - Number(b.digits)).map(({ block }) => block);
  return byNumber.every((block, index) => NODE.exec(block.name)![1] === String(index)) ? byNumber : null;
}

/**
 * Which of a state's blocks are the machine's memory.
 * @param fileLength bounds what the state can hold
 * @throws PoolTrackerError FORMAT_REFUSED, FORMAT_DAMAGED
 */
export function machineMemory(all: readonly RamBlock[], fileLength: number, complaints: StateComplaints): RamBlocks {
  const own = all.filter(({ name }) => name === MACHINE_MEMORY);
  const named = all.filter((block) => block.name !== MACHINE_MEMORY && isNamedMemory(block));
  const isPlugged = ({ name }: RamBlock): boolean => PLUGGED_MEMORY.test(name);
  // What was plugged in stands beside the machine's own, where there is any.
  const plugged = own.length > 0 ? named : named.some((block) => !isPlugged(block)) ? named.filter(isPlugged) : [];
  const nodes = named.filter((block) => !plugged.includes(block));
  const ordered = inOrder(nodes);
  const memory = own.length > 0 ? own : (ordered ?? nodes);
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
  return {
    byteLength,
    blocks,
    isOrdered: own.length > 0 || ordered !== null,
    others: plugged,
  };
}
