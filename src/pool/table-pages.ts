import { Readable } from 'node:stream';
import { PAGE_SIZE, type VirtualAddress, virtualAddress } from '../address.js';
import type { VirtualMemory } from '../memory/virtual-memory.js';
import type { TableSet } from './locate/locate.js';
import type { MemoryPage, TablePlace } from './table/memory-page.js';

/** Pages read at once. */
const READ_AHEAD = 64;
/** Page objects that wait in the stream at most. */
const HIGH_WATER_MARK = 128;

async function* pagesOf(
  memory: VirtualMemory,
  address: VirtualAddress,
  bytes: number,
  place: Omit<TablePlace, 'pageIndex'>,
): AsyncGenerator<MemoryPage> {
  const count = Math.ceil((Number(address & 0xfffn) + bytes) / PAGE_SIZE);
  for (let first = 0; first < count; first += READ_AHEAD) {
    const start = virtualAddress(address + BigInt(first * PAGE_SIZE));
    const pages = await memory.pages(start, Math.min(READ_AHEAD, count - first));
    for (const [index, page] of pages.entries()) {
      yield {
        physicalAddress: page.physicalAddress,
        bytes: page.bytes,
        missing: page.missing,
        place: { ...place, pageIndex: first + index },
      };
    }
  }
}

async function* allPages(memory: VirtualMemory, set: TableSet): AsyncGenerator<MemoryPage> {
  for (const { processor, address } of set.tables) {
    yield* pagesOf(memory, address, (set.slots + 1) * set.layout.size, { table: 'processor', processor });
  }
  if (set.expansion === null) return;
  yield* pagesOf(memory, set.expansion.address, set.expansion.entries * set.layout.size, {
    table: 'expansion',
    processor: 0,
  });
}

/** A Readable of the tables' pages, each with what it is; table 0 first, the expansion table last. */
export function tablePages(memory: VirtualMemory, set: TableSet): Readable {
  return Readable.from(allPages(memory, set), { highWaterMark: HIGH_WATER_MARK });
}
