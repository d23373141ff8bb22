import type { PhysicalAddress, VirtualAddress } from '../../address.js';
import type { PoolTrackerError } from '../../errors.js';
import type { VirtualMemory } from '../../memory/virtual-memory.js';
import type { PdbIdentity } from '../pe.js';
import type { KernelImage } from './kernel-image.js';
import type { SharedData } from './kuser-shared-data.js';

/** A candidate that was rejected, and why: kept for `info` and the image record. */
export interface Rejection {
  /** What it was a candidate for. */
  readonly what: 'page-table-root' | 'kernel' | 'table';
  /** Physical for a page table root, else virtual; as `0x1a1000`. */
  readonly address: string;
  /** What named it, as `low stub`. */
  readonly from: string;
  /** In one line. */
  readonly reason: string;
  /** Of a table: what each fact that it was held against came to. */
  readonly facts?: readonly CheckedFact[];
}

/** What became of holding a candidate against one fact. */
export interface CheckedFact {
  /** Stable, kebab-case. */
  readonly fact: string;
  /** `unknown` where its subject could not be read. */
  readonly outcome: 'held' | 'failed' | 'unknown';
  /** What was found. */
  readonly detail: string;
}

/** What a search among candidates came to; those that it refused are told in either case. */
export type Search<T> =
  | { readonly found: T; readonly rejected: readonly Rejection[] }
  | { readonly error: PoolTrackerError; readonly rejected: readonly Rejection[] };

/** A kernel that a page table root leads to. */
export interface FoundKernel {
  readonly memory: VirtualMemory;
  readonly root: PhysicalAddress;
  readonly rootFrom: string;
  readonly image: KernelImage;
  readonly sharedData: SharedData;
}

/** A running kernel, found and proved, and its place among the systems in the memory. */
export interface Kernel extends FoundKernel {
  /** 0 for the one that is answered for unless another is asked for. */
  readonly system: number;
  /** Other systems whose roots prove as well: what an earlier boot or a hibernation left, a guest. */
  readonly others: readonly OtherSystem[];
}

/** A system that is not the one answered for. */
export interface OtherSystem {
  /** Its page table root. */
  readonly root: PhysicalAddress;
  /** Start of its kernel image. */
  readonly base: VirtualAddress;
  /** Null where its header or its record of the PDB could not be read. */
  readonly pdb: PdbIdentity | null;
  /** Its clock. */
  readonly systemTime: Date;
}
