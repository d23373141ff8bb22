import { hex, PAGE_SIZE } from '../../address.js';
import { readBytes } from '../../source/source.js';
import type { Container } from '../../source/reading/container.js';
import { compressionOf, type CompressionSet, type LostPages } from './sets.js';

/** `81 81`, then `xpress`. */
const BLOCK_MAGIC = Buffer.from('8181787072657373', 'hex');
const BLOCK_HEADER = 0x20;

/** Number of leading pages searched for the first table of ranges; its blocks begin on the next page. */
const PAGES_SEARCHED = 16;

/** Pages of a block. */
const MAX_PAGES = 16;

/** Maximum number of ranges in a table; the last one has fewer. */
const MAX_RANGES = 0x1ff;

/** Widths of PO_MEMORY_RANGE_ARRAY: the link {next table, count}, then ranges {first page, page after the last}. */
const WIDE = { link: 16, count: 8, range: 16 };
const NARROW = { link: 8, count: 4, range: 8 };

/** Offset of the first table of ranges; null when this is not a file of Windows 7. */
export async function firstRangeTable(container: Container): Promise<number | null> {
  const head = await readBytes(container.source, 0, PAGES_SEARCHED * PAGE_SIZE);
  for (let page = 1; page * PAGE_SIZE < head.length; page++) {
    const at = page * PAGE_SIZE;
    if (head.subarray(at, at + BLOCK_MAGIC.length).equals(BLOCK_MAGIC)) return at - PAGE_SIZE;
  }
  return null;
}

/**
 * The blocks of Windows 7: each table of ranges is followed by the blocks of its pages, 16 pages per block;
 * null where the file ends before the next one. What follows a damaged block in its table is passed over.
 * @param lost receives what could not be read
 * @throws PoolTrackerError FORMAT_DAMAGED
 */
export async function* windows7Sets(
  container: Container,
  firstTable: number,
  lost: LostPages,
): AsyncGenerator<CompressionSet | null> {
  let table = firstTable;
  for (;;) {
    const { ranges, next } = await readTable(container, table);
    yield* blocksOf(container, table + PAGE_SIZE, ranges, lost);
    if (next === 0) return;
    if (next + PAGE_SIZE > container.source.byteLength) {
      yield null;
      return;
    }
    if (next <= table)
      throw container.damaged(
        `its table of ranges at ${hex(table)} is followed by one at ${hex(next)}; expected a later one`,
      );
    table = next;
  }
}

interface RangeTable {
  readonly ranges: readonly { readonly first: number; readonly end: number }[];
  /** File offset of the next table; 0: none. */
  readonly next: number;
}

async function readTable(container: Container, offset: number): Promise<RangeTable> {
  const fields = await container.fields(offset, PAGE_SIZE, 'a table of ranges');
  // The wide layout has the high half of the next table's page number where the narrow one has its count.
  const layout = fields.u32(NARROW.count) === 0 ? WIDE : NARROW;
  const word = (at: number, name: string): number => (layout === WIDE ? fields.size(at, name) : fields.u32(at));
  const count = fields.u32(layout.count);
  if (count > MAX_RANGES || layout.link + count * layout.range > PAGE_SIZE) {
    throw container.damaged(`its table of ranges at ${hex(offset)} counts ${count}; expected at most ${MAX_RANGES}`);
  }
  const ranges = Array.from({ length: count }, (_, index) => {
    const at = layout.link + index * layout.range;
    const [first, end] = [word(at, 'a first page'), word(at + layout.range / 2, 'a last page')];
    if (end < first)
      throw container.damaged(`its range ${index} at ${hex(offset)} goes from page ${hex(first)} to ${hex(end)}`);
    return { first, end };
  });
  return { ranges, next: word(0, 'the next table') * PAGE_SIZE };
}

async function* blocksOf(
  container: Container,
  start: number,
  ranges: RangeTable['ranges'],
  lost: LostPages,
): AsyncGenerator<CompressionSet | null> {
  let left = ranges.reduce((sum, range) => sum + range.end - range.first, 0);
  const pages = pageNumbers(ranges);
  for (let offset = start; left > 0;) {
    if (offset + BLOCK_HEADER > container.source.byteLength) {
      yield null;
      return;
    }
    const header = await container.fields(offset, BLOCK_HEADER, 'a block header');
    if (!header.bytes.subarray(0, BLOCK_MAGIC.length).equals(BLOCK_MAGIC)) {
      // Which pages the further blocks hold follows from how many came before: the next table tells its own anew.
      lost.tell(`no block of compressed pages at file offset ${hex(offset)}`, left);
      return;
    }
    const count = Math.min(MAX_PAGES, left);
    const size = (header.u32(8) >>> 10) + 1;
    const data = offset + BLOCK_HEADER;
    const taken = Array.from({ length: count }, () => pages.next().value as number);
    yield { offset: data, size, compression: compressionOf(size, count, 'xpress-lz77'), pages: taken };
    offset = data + Math.ceil(size / 8) * 8;
    left -= count;
  }
}

function* pageNumbers(ranges: RangeTable['ranges']): Generator<number> {
  for (const { first, end } of ranges) for (let page = first; page < end; page++) yield page;
}
