import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import { isMissing, type Missing } from '../../errors.js';
import type { Kernel } from '../../kernel/root/root.js';
import type { KernelLayout } from '../../kernel/symbols/symbols.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import { type BigPageOffsets, type BitField, MAX_BIG_ENTRIES, packingOf, poolTypeIn } from './big-page-layout.js';
import { slotChunks } from './big-page-slots.js';
import { findBigPages } from './find-big-pages.js';

export { MAX_BIG_ENTRIES } from './big-page-layout.js';

/** An allocation of a page or more, as the kernel's own table lists it. */
export interface BigAllocation {
  /** Index of its entry in the table, from 0. */
  readonly slot: number;
  /** Of the allocation's first byte. */
  readonly address: VirtualAddress;
  /** The tag's four bytes as an unsigned little-endian number; `tagName` makes text of it. */
  readonly key: number;
  /** Its size. */
  readonly bytes: bigint;
  /** POOL_TYPE: bit 0 paged, bit 9 not executable. */
  readonly poolType: number;
  /** Freed: the entry is kept until another allocation takes it. */
  readonly free: boolean;
}

/** Number and bytes of a tag's big allocations in use. */
export interface BigTotal {
  /** How many are in use. */
  readonly allocations: bigint;
  /** Their bytes in all, wrapped at 64 bits and read as signed. */
  readonly bytes: bigint;
}

/** PoolBigPageTable: allocations of a page or more, which have no pool header; a hash table of POOL_TRACKER_BIG_PAGES. */
export class BigPageTable {
  /** Pages that were missing during the last walk through the entries. */
  pagesMissing = 0;

  private constructor(
    private readonly memory: VirtualMemory,
    private readonly address: VirtualAddress,
    private readonly entriesClaimed: number,
    private readonly offsets: BigPageOffsets,
    private readonly poolType: BitField,
  ) {}

  /**
   * Opens the table where the layout says it is; where that is not known, finds and proves it. Or tells why it cannot be
   * read.
   * @param tables addresses of the tracker tables, the first processor's first
   */
  static async open(
    kernel: Kernel,
    layout: KernelLayout,
    tables: readonly VirtualAddress[],
  ): Promise<BigPageTable | Missing> {
    const { memory, sharedData } = kernel;
    const offsets = layout.fields('bigPagesEntry', 'size', 'Va', 'Key', 'PoolType', 'NumberOfBytes');
    const variable = layout.address('PoolBigPageTable');
    const sizeVariable = layout.address('PoolBigPageTableSize');
    if (typeof offsets === 'string' || typeof variable === 'string' || typeof sizeVariable === 'string') {
      const found = await findBigPages(kernel, tables);
      if (!isMissing(found)) return new BigPageTable(memory, found.address, found.slots, found.layout, found.poolType);
      const [why] = [offsets, variable, sizeVariable].filter((one) => typeof one === 'string');
      return { missing: `${why}; ${found.missing}` };
    }
    const address = await memory.readPointer(variable);
    const entries = await memory.readPointer(sizeVariable);
    if (address === null || entries === null)
      return { missing: `the variables PoolBigPageTable at ${hex(variable)} are missing` };
    if (!memory.pageTable.isKernelAddress(address))
      return { missing: `PoolBigPageTable is ${hex(address)}; expected a kernel address` };
    if (entries === 0n || entries > BigInt(MAX_BIG_ENTRIES))
      return { missing: `PoolBigPageTableSize is ${entries}; expected 1 to ${MAX_BIG_ENTRIES}` };
    const bit = layout.field('bigPagesEntry', 'PoolType.bit');
    const bits = layout.field('bigPagesEntry', 'PoolType.bits');
    const poolType = bit === undefined || bits === undefined ? packingOf([], sharedData.majorVersion) : { bit, bits };
    return new BigPageTable(memory, address, Number(entries), offsets, poolType);
  }

  /** Every entry that was ever used, in table order, freed ones too; entries on missing pages are left out. */
  async *entries(): AsyncGenerator<BigAllocation> {
    this.pagesMissing = 0;
    const { memory, address, entriesClaimed, offsets } = this;
    for await (const { first, count, bytes, missing } of slotChunks(memory, address, entriesClaimed, offsets.size)) {
      this.pagesMissing += missing.length;
      for (let index = 0; index < count; index++) {
        const entry = this.decode(bytes, index * offsets.size, first + index);
        if (entry !== null) yield entry;
      }
    }
  }

  /** The lowest bit of an address marks the entry free; an entry that was never used has no other bit set. */
  private decode(bytes: Buffer, at: number, slot: number): BigAllocation | null {
    const { offsets, poolType, memory } = this;
    const va = memory.pointerAt(bytes, at + offsets.Va);
    if (va <= 1n) return null;
    const word = bytes.readUInt32LE(at + offsets.PoolType);
    return {
      slot,
      address: virtualAddress(va & ~1n),
      key: bytes.readUInt32LE(at + offsets.Key),
      bytes: memory.pointerAt(bytes, at + offsets.NumberOfBytes),
      poolType: poolTypeIn(word, poolType),
      free: (va & 1n) === 1n,
    };
  }

  /**
   * What is in use, by tag.
   * @param keys the tags to sum: a hostile table names any number of others
   * @returns null when a page of the table is missing, since the sums would be too low
   */
  async totals(keys: Iterable<number>): Promise<ReadonlyMap<number, BigTotal> | null> {
    const totals = new Map([...keys].map((key) => [key, { allocations: 0n, bytes: 0n }]));
    for await (const { key, bytes, free } of this.entries()) {
      const total = free ? undefined : totals.get(key);
      if (total === undefined) continue;
      total.allocations++;
      total.bytes = BigInt.asIntN(64, total.bytes + bytes);
    }
    return this.pagesMissing === 0 ? totals : null;
  }
}
