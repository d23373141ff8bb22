import type { PhysicalAddress, VirtualAddress } from '../../address.js';
import type { Architecture } from '../../image/image.js';
import type { PhysicalMemory } from '../physical-memory.js';
import type { Mapping, Translation } from './translation.js';

/** The page tables of one address space. */
export interface PageTable {
  /** What kind they are of. */
  readonly paging: Paging;
  readonly memory: PhysicalMemory;
  readonly root: PhysicalAddress;
  /** Whether `address` is one that the processor has, in the kernel's half. */
  isKernelAddress(address: bigint): boolean;
  /** The page that `address` is mapped to, or at which level and why the walk ended. */
  translate(address: VirtualAddress): Promise<Translation>;
  /**
   * Every present mapping in [from, to), in ascending order; pages in transition are left out. Ends early after 65,536
   * table pages, which no real kernel's half needs within the range of its images.
   */
  mappings(from: VirtualAddress, to: VirtualAddress): AsyncGenerator<Mapping>;
}

/** Kinds of page tables, as `--architecture` takes them. */
export const PAGING_NAMES = ['x64', 'x86', 'x86-pae', 'arm64'] as const;
/** One of PAGING_NAMES: `x86` is x86 without PAE, `x64` has four levels or five. */
export type PagingName = (typeof PAGING_NAMES)[number];

/** A kind of page tables. To add one: a file that exports this, and an entry in `pagings.ts`. */
export interface Paging {
  readonly name: PagingName;
  readonly architecture: Architecture;
  /** Bytes of a pointer. */
  readonly pointerSize: 4 | 8;
  /** Number of levels. */
  readonly levels: number;
  /** Bytes that a root's address is a multiple of. */
  readonly rootAlignment: number;
  /**
   * The address space of a root; whether it is one shows when it is read.
   * @param build of the running Windows, which decides on what an entry that is not present says; null when unknown
   */
  open(memory: PhysicalMemory, root: PhysicalAddress, build: number | null): PageTable;
  /**
   * Where roots may begin on a page of memory, by the references to itself that Windows keeps in its page tables:
   * offsets in bytes. Called for each page of a memory, so it compares words and makes no objects where there is none.
   */
  rootsOn(page: PageWords): readonly number[];
  /**
   * For memory whose first physical address is not known, and need not be 0: the addresses, one of which is the page's
   * own if it is a root.
   */
  ownAddresses?(page: PageWords): readonly number[];
}

/** A page in a larger buffer. */
export interface PageWords {
  /** The buffer, as little-endian 32-bit words. */
  readonly words: Uint32Array;
  /** Index of the page's first word. */
  readonly first: number;
  /** Physical address of the page. */
  readonly address: number;
}

/** What `rootsOn` gives for nearly every page. */
export const NO_ROOTS: readonly number[] = [];
/** What `rootsOn` gives for a page that is a root as a whole. */
export const WHOLE_PAGE: readonly number[] = [0];
