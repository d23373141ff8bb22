import { PAGE_SIZE, physicalAddress, type PhysicalAddress, virtualAddress, type VirtualAddress } from '../address.js';
import { isMapped, type MissingPage, type PageTable, type Paging, type Translation } from './paging/paging.js';
import type { PhysicalMemory, PhysicalRead } from './physical-memory.js';

/** One 4 KiB page of virtual memory, or why there is none. */
export interface VirtualPage {
  readonly virtualAddress: VirtualAddress;
  readonly physicalAddress: PhysicalAddress | null;
  readonly bytes: Buffer | null;
  readonly missing: MissingPage | null;
}

export interface VirtualRead {
  /** As many bytes as were asked for; zero where a page is missing. */
  readonly bytes: Buffer;
  readonly missing: readonly MissingPage[];
}

/** A stretch of virtual memory, in bytes. */
export interface VirtualStretch {
  readonly address: VirtualAddress;
  readonly length: number;
}

/** Pages that are fetched ahead of their reads at most: 4 MiB. */
export const MAX_PAGES_AHEAD = 1024;

/** Neighbouring pages are fetched in one read of at most this many bytes. */
const MAX_READ_LENGTH = 1 << 20;

/** An address space of the machine: reads through its page tables. */
export class VirtualMemory {
  readonly pageTable: PageTable;
  /** Bytes of a pointer. */
  readonly pointerSize: 4 | 8;

  private constructor(
    readonly physical: PhysicalMemory,
    private readonly paging: Paging,
    root: PhysicalAddress,
    private readonly build: number | null,
  ) {
    // What an image names as a root need not be one, nor begin where roots do.
    this.pageTable = paging.open(physical, physicalAddress(root - (root % paging.rootAlignment)), build);
    this.pointerSize = paging.pointerSize;
  }

  /**
   * The address space that a page table root of this kind gives; whether the root is one shows when it is read.
   * @param build of the running Windows; null when unknown
   */
  static through(
    physical: PhysicalMemory,
    root: PhysicalAddress,
    paging: Paging,
    build: number | null = null,
  ): VirtualMemory {
    return new VirtualMemory(physical, paging, root, build);
  }

  /** The address space of another process of the same system: the same memory and kind of page tables, another root. */
  withRoot(root: PhysicalAddress): VirtualMemory {
    return new VirtualMemory(this.physical, this.paging, root, this.build);
  }

  /** The same address space, where the build is known now. */
  ofBuild(build: number): VirtualMemory {
    return new VirtualMemory(this.physical, this.paging, this.pageTable.root, build);
  }

  translate(address: VirtualAddress): Promise<Translation> {
    return this.pageTable.translate(address);
  }

  /** Reads any range of addresses; missing pages read as zeros and are listed. */
  async read(address: VirtualAddress, length: number): Promise<VirtualRead> {
    const within = Number(address & 0xfffn);
    const pages = await this.pages(virtualAddress(address - BigInt(within)), Math.ceil((within + length) / PAGE_SIZE));
    const all = Buffer.concat(pages.map((page) => page.bytes ?? Buffer.alloc(PAGE_SIZE)));
    const missing = pages.flatMap((page) => (page.missing === null ? [] : [page.missing]));
    return { bytes: all.subarray(within, within + length), missing };
  }

  /** Reads a range that must be whole; null when a page of it is missing. */
  async readWhole(address: VirtualAddress, length: number): Promise<Buffer | null> {
    const { bytes, missing } = await this.read(address, length);
    return missing.length === 0 ? bytes : null;
  }

  /** The unsigned 64-bit value at `address`; null when its page is missing. */
  async readUint64(address: VirtualAddress): Promise<bigint | null> {
    return (await this.readWhole(address, 8))?.readBigUInt64LE() ?? null;
  }

  /** The pointer at `address`, or another value of a pointer's size; null when its page is missing. */
  async readPointer(address: VirtualAddress): Promise<VirtualAddress | null> {
    const bytes = await this.readWhole(address, this.pointerSize);
    return bytes === null ? null : this.pointerAt(bytes, 0);
  }

  /** The pointer at an offset in bytes that were read. */
  pointerAt(bytes: Buffer, at: number): VirtualAddress {
    return virtualAddress(this.pointerSize === 8 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at)));
  }

  /** As PhysicalMemory.isRemote. */
  get isRemote(): boolean {
    return this.physical.isRemote;
  }

  /**
   * Fetches what is read next, as PhysicalMemory.prefetch does: the page tables of all of it are followed side by side.
   * Of long stretches the first MAX_PAGES_AHEAD pages are fetched.
   */
  async prefetch(stretches: readonly VirtualStretch[]): Promise<void> {
    if (!this.isRemote) return;
    const addresses: VirtualAddress[] = [];
    for (const { address, length } of stretches) {
      const end = address + BigInt(length);
      for (let page = address & ~0xfffn; page < end && addresses.length < MAX_PAGES_AHEAD; page += BigInt(PAGE_SIZE))
        addresses.push(virtualAddress(page));
    }
    // It is advice alone: what cannot be had is told by the read that needs it.
    const found = await Promise.allSettled(addresses.map((address) => this.translate(address)));
    const pages = found.flatMap((one) => (one.status === 'fulfilled' && isMapped(one.value) ? [one.value] : []));
    await this.physical.prefetch(pages.map((page) => ({ address: page.physicalAddress, length: PAGE_SIZE })));
  }

  /** `count` pages from a page-aligned address on; pages that are adjacent in physical memory are read together. */
  async pages(start: VirtualAddress, count: number): Promise<VirtualPage[]> {
    const addresses = Array.from({ length: count }, (_, index) => virtualAddress(start + BigInt(index * PAGE_SIZE)));
    const translations: Translation[] = [];
    for (const address of addresses) translations.push(await this.translate(address));
    const reads: Promise<VirtualPage[]>[] = [];
    for (let first = 0; first < count;) {
      let next = first + 1;
      while (
        next < count &&
        (next - first) * PAGE_SIZE < MAX_READ_LENGTH &&
        follows(translations[next - 1]!, translations[next]!)
      )
        next++;
      reads.push(this.readNeighbours(addresses.slice(first, next), translations[first]!));
      first = next;
    }
    return (await Promise.all(reads)).flat();
  }

  /** A page that stands alone comes from the cache: searches look at the same first pages several times. */
  private async readPages(start: PhysicalAddress, count: number): Promise<PhysicalRead> {
    if (count > 1) return this.physical.read(start, count * PAGE_SIZE);
    const page = await this.physical.page(start);
    return { bytes: page ?? Buffer.alloc(PAGE_SIZE), whole: page !== null };
  }

  private async readNeighbours(addresses: readonly VirtualAddress[], first: Translation): Promise<VirtualPage[]> {
    if (!isMapped(first)) {
      return addresses.map((address) => ({
        virtualAddress: address,
        physicalAddress: null,
        bytes: null,
        missing: first,
      }));
    }
    const { bytes, whole } = await this.readPages(first.physicalAddress, addresses.length);
    if (!whole && addresses.length > 1) {
      const single = addresses.map((address, index) =>
        this.readNeighbours([address], {
          physicalAddress: physicalAddress(first.physicalAddress + index * PAGE_SIZE),
          pageSize: PAGE_SIZE,
        }),
      );
      return (await Promise.all(single)).flat();
    }
    return addresses.map((address, index) => {
      const physical = physicalAddress(first.physicalAddress + index * PAGE_SIZE);
      return {
        virtualAddress: address,
        physicalAddress: physical,
        bytes: whole ? bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE) : null,
        missing: whole
          ? null
          : { virtualAddress: address, reason: 'not-in-image', level: 'page', physicalAddress: physical },
      };
    });
  }
}

function follows(previous: Translation, next: Translation): boolean {
  return isMapped(previous) && isMapped(next) && next.physicalAddress === previous.physicalAddress + PAGE_SIZE;
}

/**
 * Reads a small structure through the page cache, for walks that come back to the same pages thousands of times.
 * @returns null when a page of it is missing; not to be written to
 */
export async function readCached(
  memory: VirtualMemory,
  address: VirtualAddress,
  length: number,
): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  for (let done = 0; done < length;) {
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
