import { PAGE_SIZE, physicalAddress } from '../../../src/address.js';
import { CarveScan } from '../../../src/scan/carve-scan.js';
import { decodeScan, type ScanOptions, scanRequest } from '../../../src/scan/scan.js';
import { PageCarver, signsOf } from '../../../src/pool/carve/page-carver.js';
import { PlainScanner } from '../../../src/pool/carve/scan/plain-scanner.js';
import { carveTables, sumCarved, type CarvedTables } from '../../../src/pool/carve/carve.js';
import { hashOfKey, type TagHash } from '../../../src/pool/table/hash-law.js';
import type { TagTotal } from '../../../src/pool/table/tag-totals.js';
import type { DecodedScan } from '../../../src/scan/scan-result.js';
import { ByteStream } from '../../../src/source/stream/byte-stream.js';
import { generateTags } from '../generate/tracker/tag-plan.js';
import { Random } from '../generate/random.js';
import type { EntrySize } from '../generate/tracker/tracker-layouts.js';
import { placeTags, tableBytes, type TrackerTables } from '../generate/tracker/tracker-table-writer.js';

/** Tables to be cut into pages. */
export interface TablePlan {
  readonly seed: number;
  readonly entrySize: EntrySize;
  readonly slots: number;
  readonly processors: number;
  readonly tagCount: number;
}

/** Tables of any layout as the kernel would have filled them. */
export function makeTables({ seed, entrySize, slots, processors, tagCount }: TablePlan): TrackerTables {
  return placeTags(generateTags(new Random(seed), tagCount, processors, entrySize), { entrySize, slots, processors });
}

/** The pages of every processor's table, table 0's first. */
export function pagesOf(tables: TrackerTables): Buffer[] {
  return tables.entries.flatMap((entries) => cut(tableBytes(tables.entrySize, tables.slots + 1, entries)));
}

/** Cut into pages; the last one is filled with zeros. */
export function cut(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / PAGE_SIZE);
  const whole = Buffer.alloc(count * PAGE_SIZE);
  bytes.copy(whole);
  return Array.from({ length: count }, (_, index) => whole.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
}

export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const list = [...items];
  for (let index = list.length - 1; index > 0; index--) {
    const other = random.below(index + 1);
    [list[index], list[other]] = [list[other]!, list[index]!];
  }
  return list;
}

/** Pages of noise, zeros, text and pointers: what tables lie among. */
export function otherPage(random: Random): Buffer {
  const page = Buffer.alloc(PAGE_SIZE);
  switch (random.below(4)) {
    case 0:
      return random.bytes(PAGE_SIZE);
    case 1:
      return page;
    case 2:
      page.write('Data 0123456789 Proc Thre File pool tags and other words. '.repeat(80));
      return page;
    default:
      for (let at = 0; at < PAGE_SIZE; at += 8 * (1 + random.below(9)))
        page.writeBigUInt64LE(0xffff800000000000n + BigInt(random.u32()) * 16n, at);
      return page;
  }
}

/** Carves pages given in any order; null when no table is found. */
export function carvePages(pages: readonly Buffer[]): Promise<CarvedTables | null> {
  const carver = new PageCarver();
  const scanner = new PlainScanner();
  pages.forEach((page, index) => {
    const bytes = new Uint8Array(page.length);
    bytes.set(page);
    carver.take({ physicalAddress: physicalAddress(index * PAGE_SIZE), bytes }, signsOf(scanner, bytes));
  });
  return carveTables(carver);
}

/** The totals of carved tables. */
export function totalsOf(carved: CarvedTables): TagTotal[] {
  return [...sumCarved(carved, { processors: carved.tables.length, isWhole: true, isSeeding: false }).totals.totals()];
}

/** Carves a stream that comes in pieces. */
export function carveStream(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ScanOptions = {},
  keepProcessors = false,
): Promise<DecodedScan> {
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* pieces;
  }
  const stream = new ByteStream('a stream', null, all());
  const scan = new CarveScan(stream, scanRequest(stream.name, { threads: 0, ...options }));
  return decodeScan(scan, keepProcessors).finally(() => scan.close());
}

/** Lays keys out by any hash, as tables that the generator does not make. */
export function tableOfKeys(
  keys: readonly number[],
  entrySize: EntrySize,
  slots: number,
  hash: TagHash = hashOfKey,
): Buffer {
  const bytes = Buffer.alloc((slots + 1) * entrySize);
  for (const key of keys) {
    let slot = hash(key) & (slots - 1);
    while (bytes.readUInt32LE(slot * entrySize) !== 0) slot = (slot + 1) & (slots - 1);
    bytes.writeUInt32LE(key, slot * entrySize);
    bytes.writeUInt32LE(key & 0xff, slot * entrySize + 4 * (entrySize === 28 ? 1 : 4));
    bytes.writeUInt32LE((key & 0xff) * 64, slot * entrySize + (entrySize === 28 ? 12 : 8));
  }
  return bytes;
}
