import { virtualAddress, type VirtualAddress } from '../../address.js';
import type { Architecture } from '../../image/image.js';

/** Where Windows keeps things in the kernel's half of the address space of one architecture. */
export interface KernelSpace {
  /** The page that the kernel shares with user mode. */
  readonly sharedData: VirtualAddress;
  /** Where kernel images are loaded, the likeliest range first; each as [from, to). */
  readonly images: readonly (readonly [from: VirtualAddress, to: VirtualAddress])[];
  /** The machine that a kernel's PE header names. */
  readonly machine: number;
}

const range = (from: bigint, to: bigint): KernelSpace['images'][number] => [virtualAddress(from), virtualAddress(to)];

const OF_64_BITS = {
  sharedData: virtualAddress(0xfffff78000000000n),
  images: [range(0xfffff80000000000n, 0xfffff90000000000n)],
};

/** By architecture; levels of page tables and PAE make no difference. */
export const KERNEL_SPACES: Readonly<Record<Architecture, KernelSpace>> = {
  x64: { ...OF_64_BITS, machine: 0x8664 },
  arm64: { ...OF_64_BITS, machine: 0xaa64 },
  x86: {
    sharedData: virtualAddress(0xffdf0000n),
    // Behind 0x88000000 where the user's part has 3 GiB.
    images: [range(0x80000000n, 0x88000000n), range(0x88000000n, 0xffc00000n)],
    machine: 0x14c,
  },
};
