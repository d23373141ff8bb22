import { PAGE_SIZE, physicalAddress, type PhysicalAddress, type VirtualAddress } from '../../address.js';
import { Cache } from '../../source/reading/cache.js';
import type { PhysicalMemory } from '../physical-memory.js';
import { isMapped, type MappedPage, type MissingPage, type PagingLevel, type Translation } from './translation.js';

const LEVELS: readonly PagingLevel[] = ['PML5', 'PML4', 'PDPT', 'PD', 'PT'];
const SHIFTS = [48n, 39n, 30n, 21n, 12n] as const;

const PRESENT = 1n;
const LARGE = 1n << 7n;
const PROTOTYPE = 1n << 10n;
const TRANSITION = 1n << 11n;
/** Bits 12 to 51. */
const FRAME = 0x000ffffffffff000n;

const CACHED_TABLES = 4096;

/** Maximum number of table pages that one enumeration visits: a hostile root may map a terabyte onto itself. */
const ENUMERATED_TABLES = 1 << 16;

/** A mapped range of virtual memory: one page of any size. */
export interface Mapping extends MappedPage {
  readonly virtualAddress: VirtualAddress;
}

/**
 * x64 page tables from one root: four levels or five, 1 GiB and 2 MiB pages, and the PTEs of pages in transition,
 * which are not present but still name their page (Intel SDM volume 3, chapter 4; Windows' MMPTE_TRANSITION).
 */
export class X64PageTable {
  /** Physical address of the last-level table (or the large page's entry) by virtual address >> 21. */
  private readonly tables = new Cache<number, PhysicalAddress>(CACHED_TABLES);

  constructor(
    readonly memory: PhysicalMemory,
    readonly root: PhysicalAddress,
    readonly levels: 4 | 5 = 4,
  ) {}

  isCanonical(address: VirtualAddress): boolean {
    const sign = address >> (this.levels === 4 ? 47n : 56n);
    return sign === 0n || sign === (this.levels === 4 ? 0x1ffffn : 0xffn);
  }

  /** Whether `address` is canonical and lies in the kernel's half. */
  isKernelAddress(address: bigint): boolean {
    return address >> 63n === 1n && this.isCanonical(address as VirtualAddress);
  }

  /** The page that `address` is mapped to, or at which level and why the walk ended. */
  async translate(address: VirtualAddress): Promise<Translation> {
    if (!this.isCanonical(address)) {
      return { virtualAddress: address, reason: 'not-canonical', level: null, physicalAddress: null };
    }
    const tableKey = Number(address >> 21n);
    const cached = this.tables.get(tableKey);
    let table = cached ?? this.root;
    for (let level = cached === undefined ? 5 - this.levels : 4; level < 5; level++) {
      const step = await this.step(table, level, address);
      if (isMapped(step)) {
        if (step.pageSize !== 0) return this.inImage(step, address);
        table = step.physicalAddress;
        if (level === 3) this.tables.set(tableKey, table);
      } else {
        return step;
      }
    }
    throw new Error('unreachable: the last level always maps a page');
  }

  /** One level down: the next table (pageSize 0), a page, or why there is neither. */
  private async step(table: PhysicalAddress, level: number, address: VirtualAddress): Promise<Translation> {
    const page = await this.memory.page(table);
    if (page === null)
      return { virtualAddress: address, reason: 'not-in-image', level: LEVELS[level]!, physicalAddress: table };
    const index = Number((address >> SHIFTS[level]!) & 0x1ffn);
    const entry = page.readBigUInt64LE(index * 8);
    const next = this.follow(entry, level, address);
    if (next !== null) return next;
    return {
      virtualAddress: address,
      reason: 'not-present',
      level: LEVELS[level]!,
      physicalAddress: physicalAddress(table + index * 8),
    };
  }

  private follow(entry: bigint, level: number, address: VirtualAddress): MappedPage | null {
    const present = (entry & PRESENT) !== 0n;
    if (!present && ((entry & TRANSITION) === 0n || (entry & PROTOTYPE) !== 0n)) return null;
    const frame = entry & FRAME;
    const isLarge = present && (level === 2 || level === 3) && (entry & LARGE) !== 0n;
    if (level < 4 && !isLarge) {
      return { physicalAddress: this.unmasked(Number(frame), present), pageSize: 0 };
    }
    const pageSize = 1n << SHIFTS[level]!;
    const start = frame & ~(pageSize - 1n);
    const within = address & (pageSize - 1n);
    return { physicalAddress: this.unmasked(Number(start + within), present), pageSize: Number(pageSize) };
  }

  /**
   * Since Windows 10 1803 the frame of a PTE that is not present may be XORed with a mask of bits beyond the machine's
   * physical memory (L1 terminal fault); an address beyond the end of memory shows that one was applied.
   */
  private unmasked(address: number, present: boolean): PhysicalAddress {
    const end = this.memory.image.runs.end;
    if (present || address < end || end === 0) return physicalAddress(address);
    return physicalAddress(address % 2 ** Math.ceil(Math.log2(end)));
  }

  private inImage(page: MappedPage, address: VirtualAddress): Translation {
    if (this.memory.has(page.physicalAddress)) return page;
    return {
      virtualAddress: address,
      reason: 'not-in-image',
      level: 'page',
      physicalAddress: physicalAddress(page.physicalAddress - (page.physicalAddress % PAGE_SIZE)),
    } satisfies MissingPage;
  }

  /**
   * Every present mapping in [from, to), in ascending order, pages in transition left out. Ends early after 65,536
   * table pages, which no real kernel's half needs within the range of its images.
   */
  async *mappings(from: VirtualAddress, to: VirtualAddress): AsyncGenerator<Mapping> {
    const budget = { tables: ENUMERATED_TABLES };
    yield* this.mappingsBelow(this.root, 5 - this.levels, 0n, from, to, budget);
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
    const size = 1n << SHIFTS[level]!;
    for (let index = 0; index < 512; index++) {
      const address = this.canonical(base + BigInt(index) * size);
      if (address + size <= from || address >= to) continue;
      const entry = page.readBigUInt64LE(index * 8);
      if ((entry & PRESENT) === 0n) continue;
      const next = this.follow(entry, level, address);
      if (next === null) continue;
      if (next.pageSize === 0) yield* this.mappingsBelow(next.physicalAddress, level + 1, address, from, to, budget);
      else yield { virtualAddress: address, ...next };
    }
  }

  private canonical(address: bigint): VirtualAddress {
    return BigInt.asUintN(64, BigInt.asIntN(this.levels === 4 ? 48 : 57, address)) as VirtualAddress;
  }
}
