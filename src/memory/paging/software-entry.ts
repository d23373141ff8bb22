import type { MissingReason } from './translation.js';

/** An entry of a page table, decoded. */
export type Entry =
  /** The next table, a page, or a page or table in transition, each by its physical address. */
  | { readonly kind: 'table' | 'page' | 'transition'; readonly address: number }
  /** Neither: why. */
  | { readonly kind: 'absent'; readonly reason: MissingReason; readonly pageFile?: number };

/** An entry that maps nothing. */
export const NOTHING: Entry = { kind: 'absent', reason: 'not-present' };
const DEMAND_ZERO: Entry = { kind: 'absent', reason: 'demand-zero' };
const PROTOTYPE: Entry = { kind: 'absent', reason: 'prototype' };
const FILE_BACKED: Entry = { kind: 'absent', reason: 'file-backed' };

/** MMPTE_TRANSITION: bit 11 set, neither prototype (bit 10) nor valid. */
const TRANSITION_BITS = 0xc01n;
const IN_TRANSITION = 0x800n;
const PROTOTYPE_BIT = 1n << 10n;
/** Windows 10 1803 and later: set when the entry's high bits are as they should be, clear when they are hidden. */
const SWIZZLE_BIT = 1n << 4n;

/** First build that hides frame numbers of absent entries from speculation, and moves the page file's number. */
const FIRST_SWIZZLED = 17134;
/** First build that writes addresses of file-backed prototypes into entries. */
const FIRST_FILE_BACKED = 22621;
const FILE_BACKED_BITS = 0xffff80000000000fn;
const FILE_BACKED_VALUE = 0xffff800000000000n;

/** How the entries of 8 bytes of one processor are read. */
export interface SoftwareEntries {
  /** Bits of an entry in transition that are its page's address. */
  readonly frame: bigint;
  /** Whether kernels of this processor hide frame numbers by bits beyond the machine's memory. */
  readonly isHidden: boolean;
  /** Whether an entry has room for an address of a file-backed prototype. */
  readonly isFileBacked: boolean;
}

/**
 * What Windows says in an entry of 8 bytes that is not valid: MMPTE_TRANSITION, MMPTE_PROTOTYPE, MMPTE_SOFTWARE. The same
 * on x64, ARM64 and x86 with PAE.
 * @param build null when unknown: then what may be the address of a file-backed prototype is taken for it
 * @param memoryEnd the first address behind the machine's memory
 */
export function softwareEntry(
  entry: bigint,
  { frame, isHidden, isFileBacked }: SoftwareEntries,
  build: number | null,
  memoryEnd: number,
): Entry {
  if (entry === 0n) return NOTHING;
  const mayBeFile = isFileBacked && (build ?? FIRST_FILE_BACKED) >= FIRST_FILE_BACKED;
  if (mayBeFile && (entry & FILE_BACKED_BITS) === FILE_BACKED_VALUE) return FILE_BACKED;
  if ((entry & PROTOTYPE_BIT) !== 0n) return PROTOTYPE;
  if ((entry & TRANSITION_BITS) === IN_TRANSITION) {
    const address = Number(entry & frame);
    const mayBeHidden = isHidden && (build ?? FIRST_SWIZZLED) >= FIRST_SWIZZLED && (entry & SWIZZLE_BIT) === 0n;
    return { kind: 'transition', address: mayBeHidden ? unhidden(address, memoryEnd) : address };
  }
  if (entry >> 32n === 0n) return DEMAND_ZERO;
  const pageFile = (entry >> ((build ?? 0) >= FIRST_SWIZZLED ? 12n : 1n)) & 0xfn;
  return { kind: 'absent', reason: 'page-file', ...(build !== null && { pageFile: Number(pageFile) }) };
}

/**
 * The address that a hidden frame number stands for: it is XORed with a mask of bits beyond the machine's physical
 * memory, against the L1 terminal fault, and an address beyond the end of memory shows that it was.
 */
function unhidden(address: number, memoryEnd: number): number {
  if (address < memoryEnd || memoryEnd === 0) return address;
  return address % 2 ** Math.ceil(Math.log2(memoryEnd));
}

/** What Windows says in an entry of 4 bytes that is not valid (x86 without PAE): a page file's number is in bits 1 to 4. */
export function softwareEntry32(entry: bigint): Entry {
  if (entry === 0n) return NOTHING;
  if ((entry & PROTOTYPE_BIT) !== 0n) return PROTOTYPE;
  if ((entry & TRANSITION_BITS) === IN_TRANSITION) return { kind: 'transition', address: Number(entry & 0xfffff000n) };
  if (entry >> 12n === 0n) return DEMAND_ZERO;
  return { kind: 'absent', reason: 'page-file', pageFile: Number((entry >> 1n) & 0xfn) };
}
