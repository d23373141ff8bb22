import { PAGE_SIZE, type PhysicalAddress, rootAddress } from '../../address.js';
import type { Container } from '../../source/reading/container.js';
import type { ImageHints } from '../image.js';
import { readStateTags, type StateTag } from './state.js';

const MAX_REGIONS = 4096;

/** A range of guest memory and its offset in the memory file; all in bytes. */
export interface MemoryRegion {
  readonly start: number;
  readonly length: number;
  readonly offset: number;
}

/** The guest's memory as described by a .vmss or .vmsn file. */
export interface VmwareMemory {
  /** Empty: memory is contiguous from address 0. */
  readonly regions: readonly MemoryRegion[];
  /** Location of memory in the state file itself; undefined when it is in a .vmem file. */
  readonly inside: { readonly offset: number; readonly length: number } | undefined;
  /** The page table root of each processor, as far as it is given. */
  readonly hints: Pick<ImageHints, 'pageTableRoots'>;
}

/** @throws PoolTrackerError FORMAT_DAMAGED, FORMAT_REFUSED */
export async function readVmwareMemory(container: Container): Promise<VmwareMemory> {
  const tags = await readStateTags(container, 'memory');
  const memory = tags.find((tag) => tag.name === 'Memory' && tag.size > 8);
  // How it is compressed is described nowhere: crash, by VMware's own hand, stops here as well.
  if (memory !== undefined && memory.memorySize !== memory.size) {
    throw container.refused('the memory in it is compressed', 'use a .vmem file, or a snapshot without compression');
  }
  const count = await numberOf(container, tags, 'regionsCount');
  if (count === undefined && memory === undefined)
    throw container.damaged("it has no group 'memory' with a tag 'regionsCount'");
  if ((count ?? 0) > MAX_REGIONS)
    throw container.damaged(`it lists ${count} regions of memory; expected at most ${MAX_REGIONS}`);
  const regions: MemoryRegion[] = [];
  for (let index = 0; index < (count ?? 0); index++) {
    const pages = async (name: string): Promise<number> => {
      const value = await numberOf(container, tags, name, index);
      if (value === undefined) throw container.damaged(`its region ${index} of memory has no tag '${name}'`);
      return value * PAGE_SIZE;
    };
    regions.push({
      start: await pages('regionPPN'),
      length: await pages('regionSize'),
      offset: await pages('regionPageNum'),
    });
  }
  return {
    regions,
    inside: memory && { offset: memory.offset, length: memory.size },
    hints: await readHints(container),
  };
}

/** CR3 is register 3 of the array `CR64`, or of `CR` in 32-bit guests, that each processor has in the group `cpu`. */
const CONTROL_REGISTERS: Readonly<Record<string, 4 | 8>> = { CR64: 8, CR: 4 };
/** Newer products write a processor's array as one value: CR0 to CR8. */
const MIN_WHOLE_ARRAY = 4 * 8;

async function readHints(container: Container): Promise<VmwareMemory['hints']> {
  const roots = new Map<PhysicalAddress, string>();
  for (const { name, indices, offset, size } of await readStateTags(container, 'cpu')) {
    const width = CONTROL_REGISTERS[name];
    const isRegister = indices[1] === 3 && size === width;
    const isArray = name === 'CR64' && indices.length === 1 && size >= MIN_WHOLE_ARRAY;
    if (width === undefined || !(isRegister || isArray)) continue;
    const at = isArray ? offset + 3 * width : offset;
    const register = await container.fields(at, width, `the tag '${name}'`);
    const root = rootAddress(width === 8 ? register.u64(0) : BigInt(register.u32(0)), 'unknown');
    if (root !== 0 && !roots.has(root)) roots.set(root, `CR3 of processor ${indices[0]} in the VMware state`);
  }
  return roots.size === 0 ? {} : { pageTableRoots: [...roots].map(([address, from]) => ({ address, from })) };
}

async function numberOf(
  container: Container,
  tags: readonly StateTag[],
  name: string,
  index?: number,
): Promise<number | undefined> {
  const tag = tags.find(
    (candidate) => candidate.name === name && (index === undefined || candidate.indices[0] === index),
  );
  if (tag === undefined) return undefined;
  const fields = await container.fields(tag.offset, Math.min(tag.size, 8), `the tag '${name}'`);
  if (tag.size === 4) return fields.u32(0);
  if (tag.size === 8) return fields.size(0, `the tag '${name}'`);
  throw container.damaged(`its tag '${name}' has ${tag.size} bytes; expected 4 or 8`);
}
