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

/** One table: where it lies, and how many bytes it has. */
interface TableStretch {
  readonly address: VirtualAddress;
  readonly bytes: number;
  readonly place: Omit<TablePlace, 'pageIndex'>;
}

function stretchesOf({ tables, slots, layout, expansion }: TableSet): TableStretch[] {
  const stretches: TableStretch[] = tables.map(({ processor, address }) => ({
    address,
    bytes: (slots + 1) * layout.size,
    place: { table: 'processor', processor },
  }));
  if (expansion !== null)
    stretches.push({
      address: expansion.address,
      bytes: expansion.entries * layout.size,
      place: { table: 'expansion', processor: 0 },
    });
  return stretches;
}

async function* allPages(
  memory: VirtualMemory,
  set: TableSet,
  onProgress?: (done: number, total: number) => void,
): AsyncGenerator<MemoryPage> {
  const stretches = stretchesOf(set);
  const total = stretches.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const { address, bytes, place } of stretches) {
    let done = 0;
    for await (const page of pagesOf(memory, address, bytes, place)) {
      done = Math.min(bytes, done + PAGE_SIZE);
      onProgress?.(before + done, total);
      yield page;
    }
    before += bytes;
  }
}

/**
 * A Readable of the tables' pages, each with what it is; table 0 first, the expansion table last.
 * @param onProgress told with each page the bytes of the tables that are done, and of all
 */
export function tablePages(
  memory: VirtualMemory,
  set: TableSet,
  onProgress?: (done: number, total: number) => void,
): Readable {
  return Readable.from(allPages(memory, set, onProgress), { highWaterMark: HIGH_WATER_MARK });
}
