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

/** A number as messages show addresses: `0x1a1000`, lower case, without leading zeros. */
export function hex(address: number | bigint): string {
  return `0x${address.toString(16)}`;
}
