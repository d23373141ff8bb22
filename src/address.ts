/*
 * Physical and virtual addresses are different types, so that one cannot be passed where the other is expected.
 * A physical address (at most 52 bits on x64) is a number, exact in a double; a virtual one needs all 64 bits: a bigint.
 */
declare const physical: unique symbol;
declare const virtual: unique symbol;

/** Bytes from the start of physical memory; a whole number below 2^52. */
export type PhysicalAddress = number & { readonly [physical]: true };
/** An unsigned 64-bit virtual address. */
export type VirtualAddress = bigint & { readonly [virtual]: true };

export const PAGE_SIZE = 0x1000;

export function physicalAddress(value: number): PhysicalAddress {
  return value as PhysicalAddress;
}

export function virtualAddress(value: bigint): VirtualAddress {
  return BigInt.asUintN(64, value) as VirtualAddress;
}

/** The bits of a page table root's register that are an address. */
const ROOT_BITS = {
  /** Bits 12 to 51: the lowest ones are flags or a process-context identifier. */
  x64: 0x000f_ffff_ffff_f000n,
  /** The four page directory pointers of PAE begin at any multiple of 32. */
  x86: 0xffff_ffe0n,
  /** Bits 12 to 47: the highest ones are an address space identifier. */
  arm64: 0x0000_ffff_ffff_f000n,
  /** What is an address on some processor. */
  unknown: 0x000f_ffff_ffff_ffe0n,
} as const;

/**
 * The physical address of the page table root that a register (CR3, TTBR1) holds, or what Windows keeps to load into it.
 * @param architecture where it is unknown, the address may have bits below a page's that are flags
 */
export function rootAddress(register: bigint, architecture: keyof typeof ROOT_BITS): PhysicalAddress {
  return physicalAddress(Number(register & ROOT_BITS[architecture]));
}

/** A number as messages show addresses: `0x1a1000`, lower case, without leading zeros. */
export function hex(address: number | bigint): string {
  return `0x${address.toString(16)}`;
}
