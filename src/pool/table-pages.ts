import { Readable } from 'node:stream';
import { PAGE_SIZE, virtualAddress } from '../address.js';
import { pagesIn, ReadAhead } from '../memory/read-ahead.js';
import type { VirtualMemory, VirtualStretch } from '../memory/virtual-memory.js';
import type { TableSet } from './locate/locate.js';
import type { MemoryPage, TablePlace } from './table/memory-page.js';

/** Pages read at once. */
const READ_AHEAD = 64;
/** Page objects that wait in the stream at most. */
const HIGH_WATER_MARK = 128;

async function* pagesOf(
  memory: VirtualMemory,
  { address, length, place }: TableStretch,
  before: (page: number) => Promise<void>,
): AsyncGenerator<MemoryPage> {
  const count = pagesIn({ address, length });
  for (let first = 0; first < count; first += READ_AHEAD) {
    const start = virtualAddress(address + BigInt(first * PAGE_SIZE));
    await before(first);
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

/** One table. */
interface TableStretch extends VirtualStretch {
  readonly place: Omit<TablePlace, 'pageIndex'>;
}

function stretchesOf({ tables, slots, layout, expansion }: TableSet): TableStretch[] {
  const stretches: TableStretch[] = tables.map(({ processor, address }) => ({
    address,
    length: (slots + 1) * layout.size,
    place: { table: 'processor', processor },
  }));
  if (expansion !== null)
    stretches.push({
      address: expansion.address,
      length: expansion.entries * layout.size,
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
  const total = stretches.reduce((sum, { length }) => sum + length, 0);
  const ahead = new ReadAhead(memory, stretches);
  let before = 0;
  let pagesBefore = 0;
  for (const stretch of stretches) {
    const { length } = stretch;
    let done = 0;
    const first = pagesBefore;
    for await (const page of pagesOf(memory, stretch, (index) => ahead.before(first + index))) {
      done = Math.min(length, done + PAGE_SIZE);
      onProgress?.(before + done, total);
      yield page;
    }
    before += length;
    pagesBefore += pagesIn(stretch);
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
