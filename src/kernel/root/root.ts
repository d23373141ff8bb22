import { PoolTrackerError } from '../../errors.js';
import { hex, type PhysicalAddress, type VirtualAddress } from '../../address.js';
import type { Architecture } from '../../image/image.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import type { PdbIdentity } from '../pe.js';
import { containerRoots, lowStubRoots, SELF_REFERENCE_REACH, selfReferringRoots } from './page-table-root.js';
import { type FoundKernel, isSameClock, type Rejection, RootSearch } from './root-search.js';

export type { KernelImage } from './kernel-image.js';
export { type SharedData, decodeSharedData } from './kuser-shared-data.js';
export type { CheckedFact, Rejection } from './root-search.js';

/** What a search among candidates came to; those that it refused are told in either case. */
export type Search<T> =
  | { readonly found: T; readonly rejected: readonly Rejection[] }
  | { readonly error: PoolTrackerError; readonly rejected: readonly Rejection[] };

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

/** Which systems are looked for. */
export interface KernelSearch {
  /** A page table root: its kernel is the one that is answered for. */
  readonly root?: PhysicalAddress;
  /** Whether roots of further systems are searched for as far as roots may lie; else only where that costs no time. */
  readonly isWide?: boolean;
}

/** Memory searched for another system's root, though a witness has named one: roots are made early and lie low. */
const SEARCHED_BESIDE_WITNESS = 1 << 22;
/** Memory searched for another root beyond one that only refers to itself. */
const SEARCHED_BEYOND = 1 << 22;

/**
 * Finds the kernel's page table root and image. A root counts only when KUSER_SHARED_DATA is mapped and sane through
 * it and it leads to a kernel image: the one that its witness names (low stub, crash header), else any that is mapped.
 *
 * A crash or a hibernation leaves an earlier system's roots, which prove as well. What the container names was running
 * when the image was taken; else the system whose clock is latest is the one, and the others are told of.
 * @returns the kernel; else NO_KERNEL, or the error of a read that failed on the way
 */
export async function findKernel(memory: PhysicalMemory, search: KernelSearch = {}): Promise<Search<Kernel>> {
  const { root } = search;
  const all = await findKernels(memory, search);
  if ('error' in all) return all;
  const { found, rejected } = all;
  const kernel = root === undefined ? found[0] : found.find((one) => one.root === root);
  if (kernel !== undefined) return { found: kernel, rejected };
  const why = rejected.find(({ address }) => address === hex(root!))?.reason ?? 'no kernel is reached through it';
  return { error: notRoot(memory, root!, why, found), rejected };
}

/**
 * Every kernel that proves, each with the others. Those that are seen without a wide search come first, so that the
 * first one is always the one that is answered for by default; after them by their clocks, latest first.
 */
export async function findKernels(
  memory: PhysicalMemory,
  { root, isWide = false }: KernelSearch = {},
): Promise<Search<readonly Kernel[]>> {
  const { architecture = 'x64' } = memory.image.hints;
  if (architecture !== 'x64') return { error: noWalkOf(memory, architecture), rejected: [] };
  const search = new RootSearch(memory);
  const { rejected } = search;
  try {
    const systems = await nearSystems(memory, search);
    if (isWide) {
      await search.all(lowStubRoots(memory), () => false);
      await search.all(selfReferringRoots(memory, SELF_REFERENCE_REACH), () => false);
    }
    systems.push(...search.systems.filter((one) => !systems.includes(one)).sort(latestFirst));
    if (root !== undefined) await answerThrough(root, systems, memory, rejected);
    if (systems.length === 0) return { error: noKernel(memory, search.tried, rejected.at(-1)), rejected };
    return { found: systems.map((one, system) => ({ ...one, system, others: othersOf(one, systems) })), rejected };
  } catch (error) {
    if (error instanceof PoolTrackerError) return { error, rejected };
    throw error;
  }
}

/** The systems that are seen in a time that does not grow with the memory: what the container names, else the latest first. */
async function nearSystems(memory: PhysicalMemory, search: RootSearch): Promise<FoundKernel[]> {
  await search.all(containerRoots(memory), (found) => found);
  if (search.systems.length === 0) {
    await search.all(lowStubRoots(memory), () => false);
    const reach = search.systems.length > 0 ? SEARCHED_BESIDE_WITNESS : SELF_REFERENCE_REACH;
    await search.all(
      selfReferringRoots(memory, reach),
      (found, { address }, first) => found && address > first + SEARCHED_BEYOND,
    );
  }
  return [...search.systems].sort(latestFirst);
}

/** Puts a root that was named in the place of the one that its system was found by, or behind the others. */
async function answerThrough(
  root: PhysicalAddress,
  systems: FoundKernel[],
  memory: PhysicalMemory,
  rejected: Rejection[],
): Promise<void> {
  const named = new RootSearch(memory);
  await named.all([{ address: root, from: '--root', kernelEntry: null }], () => false);
  rejected.unshift(...named.rejected);
  const [kernel] = named.systems;
  if (kernel === undefined) return;
  const at = systems.findIndex((one) => isSameClock(one.sharedData, kernel.sharedData));
  if (at < 0) systems.push(kernel);
  else systems[at] = kernel;
}

const latestFirst = (one: FoundKernel, other: FoundKernel): number =>
  other.sharedData.systemTime.getTime() - one.sharedData.systemTime.getTime();

function othersOf(one: FoundKernel, systems: readonly FoundKernel[]): OtherSystem[] {
  return systems
    .filter((other) => other !== one)
    .map(({ root, image, sharedData }) => ({
      root,
      base: image.base,
      pdb: image.pdb,
      systemTime: sharedData.systemTime,
    }));
}

function notRoot(
  memory: PhysicalMemory,
  root: PhysicalAddress,
  why: string,
  found: readonly Kernel[],
): PoolTrackerError {
  const known = found.map((kernel) => hex(kernel.root)).join(', ');
  return new PoolTrackerError(
    'NO_KERNEL',
    `${memory.image.source.name}: ${hex(root)} is no page table root of a running Windows kernel: ${why}`,
    { hint: known === '' ? 'info shows what was tried' : `roots that prove: ${known}; --all-systems answers for each` },
  );
}

function noWalkOf(memory: PhysicalMemory, architecture: Architecture): PoolTrackerError {
  return new PoolTrackerError(
    'NO_KERNEL',
    `${memory.image.source.name}: walking needs an x64 kernel, the image is of ${architecture}`,
    { hint: 'carving needs no page tables: --method carve' },
  );
}

function noKernel(memory: PhysicalMemory, candidates: number, last: Rejection | undefined): PoolTrackerError {
  const why =
    last === undefined
      ? 'no page looks like a page table root'
      : `${candidates} candidates refused, the last (${last.address}, ${last.from}): ${last.reason}`;
  return new PoolTrackerError('NO_KERNEL', `${memory.image.source.name}: no running x64 Windows kernel found: ${why}`, {
    hint: 'is it a Windows image, and whole? --image-format forces the container; --method carve needs no page tables',
    data: { candidates },
  });
}
