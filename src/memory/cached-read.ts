import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../address.js';
import { isMapped } from './paging/translation.js';
import type { VirtualMemory } from './virtual-memory.js';

/**
 * Reads a small structure through the page cache, for walks that come back to the same pages thousands of times.
 * @returns null when a page of it is missing; not to be written to
 */
export async function readCached(memory: VirtualMemory, address: VirtualAddress, length: number): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  for (let done = 0; done < length; ) {
    const at = virtualAddress(address + BigInt(done));
    const within = Number(at & 0xfffn);
    const count = Math.min(PAGE_SIZE - within, length - done);
    const page = await memory.translate(at);
    const bytes = isMapped(page) ? await memory.physical.page(page.physicalAddress) : null;
    if (bytes === null) return null;
    parts.push(bytes.subarray(within, within + count));
    done += count;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
