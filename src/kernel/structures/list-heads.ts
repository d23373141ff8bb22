import { virtualAddress, type VirtualAddress } from '../../address.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';
import { isInImage, kernelAddresses, type Kernel, writableSections } from '../root/root.js';

/** A list head in the kernel's data, with its first and last member. */
export interface ListHead {
  readonly address: VirtualAddress;
  readonly first: VirtualAddress;
  readonly last: VirtualAddress;
}

/** Maximum number of heads that are tried; a real kernel has some hundreds of lists of objects. */
const MAX_HEADS = 1 << 12;

/**
 * Heads of lists in the kernel's data whose members lie outside of its image: two pointers side by side, the first or
 * the last member of which points back. (A torn list may have lost one of the two.)
 */
export async function* listHeads(kernel: Kernel): AsyncGenerator<ListHead> {
  const size = BigInt(kernel.memory.pointerSize);
  let heads = 0;
  let before: readonly [VirtualAddress, VirtualAddress] | null = null;
  for (const word of kernelAddresses(kernel, await writableSections(kernel))) {
    const [first, address] = before ?? word;
    const [last, place] = word;
    before = word;
    const isPair = place - address === size && first % size === 0n && last % size === 0n;
    if (!isPair || isInImage(kernel, first) || isInImage(kernel, last)) continue;
    if (!(await pointsBack(kernel.memory, { address, first, last }))) continue;
    if (heads++ >= MAX_HEADS) return;
    yield { address, first, last };
  }
}

async function pointsBack(memory: VirtualMemory, { address, first, last }: ListHead): Promise<boolean> {
  const size = memory.pointerSize;
  const backward = await readCached(memory, virtualAddress(first + BigInt(size)), size);
  if (backward !== null && memory.pointerAt(backward, 0) === address) return true;
  const forward = await readCached(memory, last, size);
  return forward !== null && memory.pointerAt(forward, 0) === address;
}
