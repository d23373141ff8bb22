import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import { ReadAhead } from '../../memory/read-ahead.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';

/** Some slots of a table of big pages. */
export interface SlotChunk {
  /** The first of them. */
  readonly first: number;
  readonly count: number;
  /** Their entries; zeros where pages are missing. */
  readonly bytes: Buffer;
  /** Addresses of the missing pages. */
  readonly missing: readonly VirtualAddress[];
}

/** Entries of 16, 24 and 32 bytes fill this many pages exactly. */
const PAGES_AT_ONCE = 96;

/** A table's slots in order, so many at a time that memory does not grow with the table. */
export async function* slotChunks(
  memory: VirtualMemory,
  address: VirtualAddress,
  slots: number,
  entrySize: number,
): AsyncGenerator<SlotChunk> {
  const atOnce = Math.floor((PAGES_AT_ONCE * PAGE_SIZE) / entrySize);
  const ahead = new ReadAhead(memory, [{ address, length: slots * entrySize }]);
  for (let first = 0; first < slots; first += atOnce) {
    const count = Math.min(atOnce, slots - first);
    const start = virtualAddress(address + BigInt(first * entrySize));
    await ahead.before(Math.floor((Number(address & 0xfffn) + first * entrySize) / PAGE_SIZE));
    const { bytes, missing } = await memory.read(start, count * entrySize);
    yield { first, count, bytes, missing: missing.map((page) => page.virtualAddress) };
  }
}
