import { PAGE_SIZE, physicalAddress, type PhysicalAddress, type VirtualAddress } from '../../address.js';
import { Cache } from '../../source/reading/cache.js';
import type { PhysicalMemory } from '../physical-memory.js';
import type { PageTable, Paging } from './page-table.js';
import type { Entry } from './software-entry.js';
import type { Mapping, MissingPage, PagingLevel, Translation } from './translation.js';

/** One level of page tables. */
export interface TableLevel {
  readonly name: PagingLevel;
  /** The lowest bit of an address that chooses an entry: what an entry maps has 2^shift bytes. */
  readonly shift: bigint;
  /** Entries of a table. */
  readonly entries: number;
}

/** How page tables of one kind are laid out, and what their entries say. */
export interface TableFormat {
  /** From the root down; a table of the last level maps pages of 4 KiB. */
  readonly levels: readonly TableLevel[];
  /** Bytes of an entry. */
  readonly entrySize: 4 | 8;
  /** Bits of a virtual address that the tables translate; on 64-bit processors the rest repeats the highest of them. */
  readonly addressBits: bigint;
  /** Bit 0 of an entry is set. */
  present(entry: bigint, level: number): Entry;
  /** Bit 0 of an entry is clear. */
  absent(entry: bigint, build: number | null, memoryEnd: number): Entry;
}

const CACHED_TABLES = 4096;

/** Maximum number of table pages that one enumeration visits: a hostile root may map a terabyte onto itself. */
const ENUMERATED_TABLES = 1 << 16;

/** Walks page tables that are radix trees, as those of every processor are that Windows runs on. */
export class TableWalker implements PageTable {
  /** Physical address of the last-level table by the virtual address above what it maps. */
  private readonly tables = new Cache<number, PhysicalAddress>(CACHED_TABLES);
  private readonly last: number;
  private readonly tableShift: bigint;
  private readonly memoryEnd: number;
  /** By level: bytes that an entry maps, and the bits of an address within them. */
  private readonly sizes: readonly number[];
  private readonly within: readonly bigint[];
  /** The highest translated bit of an address and those above it: 0, or this. */
  private readonly signShift: bigint;
  private readonly upperHalf: bigint;

  constructor(
    readonly paging: Paging,
    private readonly format: TableFormat,
    readonly memory: PhysicalMemory,
    readonly root: PhysicalAddress,
    private readonly build: number | null,
  ) {
    this.last = format.levels.length - 1;
    this.tableShift = format.levels[this.last - 1]!.shift;
    this.memoryEnd = memory.image.runs.end;
    this.sizes = format.levels.map(({ shift }) => 2 ** Number(shift));
    this.within = format.levels.map(({ shift }) => (1n << shift) - 1n);
    this.signShift = format.addressBits - 1n;
    this.upperHalf = (1n << (BigInt(paging.pointerSize * 8) - this.signShift)) - 1n;
  }

  private isCanonical(address: bigint): boolean {
    const sign = address >> this.signShift;
    return sign === 0n || sign === this.upperHalf;
  }

  isKernelAddress(address: bigint): boolean {
    return address >> this.signShift === this.upperHalf;
  }

  async translate(address: VirtualAddress): Promise<Translation> {
    if (!this.isCanonical(address)) {
      return { virtualAddress: address, reason: 'not-canonical', level: null, physicalAddress: null };
    }
    const tableKey = Number(address >> this.tableShift);
    const cached = this.tables.get(tableKey);
    let table = cached ?? this.root;
    for (let level = cached === undefined ? 0 : this.last; ; level++) {
      const page = await this.memory.page(table);
      if (page === null) {
        const { name } = this.format.levels[level]!;
        return { virtualAddress: address, reason: 'not-in-image', level: name, physicalAddress: table };
      }
      const offset = this.entryAt(table, level, address);
      const entry = this.decode(page, offset, level);
      if (entry.kind === 'absent') return this.missing(address, level, table, offset, entry);
      if (entry.kind === 'page' || level === this.last) {
        const at = physicalAddress(entry.address + Number(address & this.within[level]!));
        return this.inImage(at, this.sizes[level]!, entry.kind, address);
      }
      table = physicalAddress(entry.address);
      if (level === this.last - 1) this.tables.set(tableKey, table);
    }
  }

  /** Offset in its page of the entry that an address chooses. */
  private entryAt(table: PhysicalAddress, level: number, address: bigint): number {
    const { shift, entries } = this.format.levels[level]!;
    return (table % PAGE_SIZE) + (Number(address >> shift) & (entries - 1)) * this.format.entrySize;
  }

  private decode(page: Buffer, at: number, level: number): Entry {
    const entry = this.format.entrySize === 8 ? page.readBigUInt64LE(at) : BigInt(page.readUInt32LE(at));
    if ((entry & 1n) !== 0n) return this.format.present(entry, level);
    return this.format.absent(entry, this.build, this.memoryEnd);
  }

  private missing(
    address: VirtualAddress,
    level: number,
    table: PhysicalAddress,
    at: number,
    { reason, pageFile }: Entry & { kind: 'absent' },
  ): MissingPage {
    return {
      virtualAddress: address,
      reason,
      level: this.format.levels[level]!.name,
      physicalAddress: physicalAddress(table - (table % PAGE_SIZE) + at),
      ...(pageFile !== undefined && { pageFile }),
    };
  }

  private inImage(
    at: PhysicalAddress,
    pageSize: number,
    kind: 'table' | 'page' | 'transition',
    address: VirtualAddress,
  ): Translation {
    if (this.memory.has(at)) return { physicalAddress: at, pageSize };
    return {
      virtualAddress: address,
      reason: kind === 'transition' ? 'transition' : 'not-in-image',
      level: 'page',
      physicalAddress: physicalAddress(at - (at % PAGE_SIZE)),
    };
  }

  async *mappings(from: VirtualAddress, to: VirtualAddress): AsyncGenerator<Mapping> {
    yield* this.mappingsBelow(this.root, 0, 0n, from, to, { tables: ENUMERATED_TABLES });
  }

  private async *mappingsBelow(
    table: PhysicalAddress,
    level: number,
    base: bigint,
    from: bigint,
    to: bigint,
    budget: { tables: number },
  ): AsyncGenerator<Mapping> {
    if (budget.tables-- <= 0) return;
    const page = await this.memory.page(table);
    if (page === null) return;
    const { shift, entries } = this.format.levels[level]!;
    const size = 1n << shift;
    for (let index = 0; index < entries; index++) {
      const address = this.canonical(base + BigInt(index) * size);
      if (address + size <= from || address >= to) continue;
      const at = (table % PAGE_SIZE) + index * this.format.entrySize;
      if ((page[at]! & 1) === 0) continue;
      const entry = this.decode(page, at, level);
      if (entry.kind === 'page')
        yield {
          virtualAddress: address,
          physicalAddress: physicalAddress(entry.address),
          pageSize: this.sizes[level]!,
        };
      else if (entry.kind === 'table')
        yield* this.mappingsBelow(physicalAddress(entry.address), level + 1, address, from, to, budget);
    }
  }

  private canonical(address: bigint): VirtualAddress {
    if (this.paging.pointerSize === 4) return address as VirtualAddress;
    return BigInt.asUintN(64, BigInt.asIntN(Number(this.format.addressBits), address)) as VirtualAddress;
  }
}
