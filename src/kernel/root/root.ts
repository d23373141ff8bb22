import { hex, type PhysicalAddress } from '../../address.js';
import { PoolTrackerError } from '../../errors.js';
import type { Architecture } from '../../image/image.js';
import { type Paging, type PagingName, PAGINGS } from '../../memory/paging/paging.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import type { FoundKernel, Kernel, OtherSystem, Rejection, Search } from './kernel.js';
import { movedMemories } from './memory-base.js';
import { BELOW_HOLES, contradicted, holedMemories, lacksHole, mayLackHole } from './memory-hole.js';
import { SELF_REFERENCE_REACH } from './page-table-root.js';
import { isSameClock } from './prove-root.js';
import { RootSearch } from './root-search.js';

export { isInImage, kernelAddresses, pointersOutside, type Section, writableSections } from './kernel-data.js';
export type { CheckedFact, Kernel, OtherSystem, Rejection, Search } from './kernel.js';
export type { KernelImage } from './kernel-image.js';
export { type SharedData, decodeSharedData } from './kuser-shared-data.js';

/** Which systems are looked for. */
export interface KernelSearch {
  /** A page table root: its kernel is the one that is answered for. */
  readonly root?: PhysicalAddress;
  /** Whether roots of further systems are searched for as far as roots may lie; else only where that costs no time. */
  readonly isWide?: boolean;
  /** The kind of page tables; by default what the container says, then every other. */
  readonly architecture?: PagingName;
}

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
  search: KernelSearch = {},
): Promise<Search<readonly Kernel[]>> {
  const tally: Tally = { rejected: [], tried: 0 };
  const { rejected } = tally;
  try {
    for (const pagings of pagingsOf(search.architecture, memory.image.hints.architecture)) {
      const found = await findThrough(pagings, memory, search, tally);
      if (found !== null) return { found, rejected };
    }
    return { error: noKernel(memory, search.architecture, tally.tried, rejected.at(-1)), rejected };
  } catch (error) {
    if (error instanceof PoolTrackerError) return { error, rejected };
    throw error;
  }
}

/** What became of the candidates so far. */
interface Tally {
  readonly rejected: Rejection[];
  tried: number;
}

/** The kernels that some kinds of page tables lead to; null where there is none. */
async function findThrough(
  pagings: readonly Paging[],
  memory: PhysicalMemory,
  search: KernelSearch,
  tally: Tally,
): Promise<readonly Kernel[] | null> {
  const { rejected } = tally;
  /** Whether one proved by the addresses of the file, which its page tables contradict. */
  let isFlat = false;
  for await (const { place, reach } of placesOf(memory, pagings)) {
    const roots = new RootSearch(place, pagings, reach);
    const systems = await systemsOf(roots, search.isWide).finally(() => rejected.push(...roots.rejected));
    tally.tried += roots.tried;
    if (search.root !== undefined) await answerThrough(search.root, systems, new RootSearch(place, pagings), rejected);
    if (systems.length === 0) continue;
    if (place === memory && (await lacksHole(systems[0]!))) {
      isFlat = true;
      continue;
    }
    return asSystems(systems);
  }
  if (!isFlat) return null;
  const place = contradicted(memory);
  const systems = await systemsOf(new RootSearch(place, pagings, SELF_REFERENCE_REACH), search.isWide);
  if (search.root !== undefined) await answerThrough(search.root, systems, new RootSearch(place, pagings), rejected);
  return systems.length === 0 ? null : asSystems(systems);
}

function asSystems(systems: readonly FoundKernel[]): Kernel[] {
  return systems.map((one, system) => ({ ...one, system, others: othersOf(one, systems) }));
}

async function systemsOf(roots: RootSearch, isWide = false): Promise<FoundKernel[]> {
  await roots.near();
  const systems = [...roots.systems].sort(latestFirst);
  if (isWide) await roots.wide();
  return [...systems, ...roots.systems.filter((one) => !systems.includes(one)).sort(latestFirst)];
}

/** Puts a root that was named in the place of the one that its system was found by, or behind the others. */
async function answerThrough(
  root: PhysicalAddress,
  systems: FoundKernel[],
  roots: RootSearch,
  rejected: Rejection[],
): Promise<void> {
  await roots.named(root);
  rejected.unshift(...roots.rejected);
  const [kernel] = roots.systems;
  if (kernel === undefined) return;
  const at = systems.findIndex((one) => isSameClock(one.sharedData, kernel.sharedData));
  if (at < 0) systems.push(kernel);
  else systems[at] = kernel;
}

const latestFirst = (one: FoundKernel, other: FoundKernel): number =>
  other.sharedData.systemTime.getTime() - one.sharedData.systemTime.getTime();

/** Memory by the addresses that are tried, and how far roots are searched for in it. */
interface Place {
  readonly place: PhysicalMemory;
  readonly reach: number;
}

/**
 * The memory as the container tells its addresses, then as its page tables do, if they differ: where a hole may have been
 * left out, before all of a large file is searched.
 */
async function* placesOf(memory: PhysicalMemory, pagings: readonly Paging[]): AsyncGenerator<Place> {
  if (mayLackHole(memory)) {
    yield { place: memory, reach: BELOW_HOLES };
    for await (const place of holedMemories(memory, pagings)) yield { place, reach: BELOW_HOLES };
  }
  yield { place: memory, reach: SELF_REFERENCE_REACH };
  for await (const place of movedMemories(memory, pagings)) yield { place, reach: SELF_REFERENCE_REACH };
}

/**
 * The kinds of page tables that are tried, and then those that are where none of these leads to a kernel: what the
 * container says of the processor may be the mode that it was in at the moment.
 */
function pagingsOf(name: PagingName | undefined, claimed: Architecture | undefined): readonly (readonly Paging[])[] {
  if (name !== undefined) return [PAGINGS.filter((paging) => paging.name === name)];
  if (claimed === undefined) return [PAGINGS];
  const isClaimed = ({ architecture }: Paging): boolean => architecture === claimed;
  return [PAGINGS.filter(isClaimed), PAGINGS.filter((paging) => !isClaimed(paging))];
}

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

function noKernel(
  { image }: PhysicalMemory,
  asked: PagingName | undefined,
  candidates: number,
  last: Rejection | undefined,
): PoolTrackerError {
  const claimed = image.hints.architecture;
  const why =
    last === undefined
      ? 'no page looks like a page table root'
      : `${candidates} candidates refused, the last (${last.address}, ${last.from}): ${last.reason}`;
  const claim = claimed === undefined ? '' : `; the container says that it is of ${claimed}`;
  return new PoolTrackerError(
    'NO_KERNEL',
    `${image.source.name}: no running ${asked === undefined ? '' : `${asked} `}Windows kernel found: ${why}${claim}`,
    {
      hint:
        asked === undefined
          ? 'is it a Windows image, and whole? --image-format forces the container; --method carve needs no page tables'
          : 'without --architecture, every kind of page tables is tried',
      data: { candidates },
    },
  );
}
