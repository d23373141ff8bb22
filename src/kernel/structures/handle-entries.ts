import { PAGE_SIZE, virtualAddress, type VirtualAddress } from '../../address.js';
import { readCached, type VirtualMemory } from '../../memory/virtual-memory.js';

/** Process and thread ids, as all handles, are multiples of 4. */
export const ID_STEP = 4;

/** How an entry of a handle table holds its pointer: a bit field of its first word, whose lowest bit stands for 16 bytes. */
export interface EntryCoding {
  /** Bytes of an entry. */
  readonly size: number;
  /** Lowest bit of the field; 0 where the word is the pointer itself, its lowest three bits flags. */
  readonly bit: number;
  /** Bits of the field; 0 like `bit`. */
  readonly bits: number;
}

/** The lowest three bits of an entry lock and describe it, where it holds the pointer as it is. */
export const ENTRY_FLAGS = 7n;
/** Objects are aligned to 16 bytes: the field leaves out four bits. */
const LEFT_OUT = 4n;

/**
 * The pointer in an entry's first word; 0 in a free entry. As it is up to Windows 7 and on x86; since Windows 8 bits 20
 * to 63 on x64 and ARM64, with five levels of page tables 11 to 63.
 */
export function objectOfEntry(word: bigint, { bit, bits }: EntryCoding): VirtualAddress {
  if (bits === 0) return virtualAddress(word & ~ENTRY_FLAGS);
  const field = BigInt.asUintN(bits, word >> BigInt(bit));
  return field === 0n ? virtualAddress(0n) : virtualAddress(BigInt.asIntN(bits + Number(LEFT_OUT), field << LEFT_OUT));
}

/** The lowest bits of TableCode: levels of pages of pointers above the entries, at most two. */
export const LEVEL_BITS = 3n;
export const MAX_LEVEL = 2;

/** What TableCode names: the top page, and how many levels of pointers it heads. */
export interface TableCode {
  readonly page: VirtualAddress;
  readonly level: number;
}

/** Decodes TableCode; null when it names no page of the kernel's, or too many levels. */
export function decodeTableCode(memory: VirtualMemory, code: bigint): TableCode | null {
  const level = Number(code & LEVEL_BITS);
  const page = virtualAddress(code & ~ENTRY_FLAGS);
  const isPage = page % BigInt(PAGE_SIZE) === 0n && memory.pageTable.isKernelAddress(page);
  return isPage && level <= MAX_LEVEL ? { page, level } : null;
}

/**
 * Pages of entries below TableCode in the order of their handles, missing ones as null, at most `limit` of them. A
 * hostile table may lead to the same page again and again: the limit holds then, too.
 */
export async function* entryPages(
  memory: VirtualMemory,
  { page, level }: TableCode,
  limit: number,
): AsyncGenerator<Buffer | null> {
  const budget = { left: limit };
  yield* below(memory, page, level, budget);
}

async function* below(
  memory: VirtualMemory,
  address: VirtualAddress,
  level: number,
  budget: { left: number },
): AsyncGenerator<Buffer | null> {
  if (budget.left <= 0) return;
  const isPage = address % BigInt(PAGE_SIZE) === 0n && memory.pageTable.isKernelAddress(address);
  const bytes = isPage ? await readCached(memory, address, PAGE_SIZE) : null;
  if (level === 0 || bytes === null) {
    budget.left--;
    yield bytes;
    return;
  }
  const size = memory.pointerSize;
  for (let at = 0; at < PAGE_SIZE && budget.left > 0; at += size) {
    const next = memory.pointerAt(bytes, at);
    if (next === 0n) return;
    yield* below(memory, next, level - 1, budget);
  }
}
