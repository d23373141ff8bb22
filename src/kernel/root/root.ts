import { isMissing, type Missing, PoolTrackerError } from '../../errors.js';
import { hex, type PhysicalAddress, type VirtualAddress } from '../../address.js';
import type { Architecture } from '../../image/image.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import { VirtualMemory } from '../../memory/virtual-memory.js';
import type { PdbIdentity } from '../pe.js';
import { kernelNear, kernelsMapped, type KernelImage } from './kernel-image.js';
import { readSharedData, type SharedData } from './kuser-shared-data.js';
import {
  containerRoots,
  lowStubRoots,
  SELF_REFERENCE_REACH,
  selfReferringRoots,
  type RootCandidate,
} from './page-table-root.js';

export type { KernelImage } from './kernel-image.js';
export { type SharedData, decodeSharedData } from './kuser-shared-data.js';

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

/** A running kernel, found and proved. */
export interface Kernel {
  readonly memory: VirtualMemory;
  readonly root: PhysicalAddress;
  readonly rootFrom: string;
  readonly image: KernelImage;
  readonly sharedData: SharedData;
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

/** Self-referencing pages tried before giving up: a busy server has several thousand processes. */
const MAX_ROOTS = 4096;
/** Rejections kept; how many candidates there were, the error says. */
const MAX_REJECTIONS = 64;

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
  const why =
    rejected.find(({ address }) => address === hex(root!))?.reason ?? 'it is of a system that proves by another root';
  return { error: notRoot(memory, root!, why, found), rejected };
}

/** Every kernel that proves, each with the others, the one whose clock is latest first. */
export async function findKernels(
  memory: PhysicalMemory,
  { root, isWide = false }: KernelSearch = {},
): Promise<Search<readonly Kernel[]>> {
  const { architecture = 'x64' } = memory.image.hints;
  if (architecture !== 'x64') return { error: noWalkOf(memory, architecture), rejected: [] };
  const search = new RootSearch(memory);
  const { rejected } = search;
  try {
    // The first root of a system stands for it: the named one comes first.
    if (root !== undefined) await search.all([{ address: root, from: '--root', kernelEntry: null }], () => false);
    await search.all(containerRoots(memory), (found) => found && root === undefined && !isWide);
    if (search.systems.length === 0 || root !== undefined || isWide) {
      await search.all(lowStubRoots(memory), () => false);
      const reach = search.systems.length > 0 && !isWide ? SEARCHED_BESIDE_WITNESS : SELF_REFERENCE_REACH;
      await search.all(
        selfReferringRoots(memory, reach),
        (found, { address }, first) => !isWide && found && address > first + SEARCHED_BEYOND,
      );
    }
    if (search.systems.length === 0) return { error: noKernel(memory, search.tried, rejected.at(-1)), rejected };
    const systems = search.systems.sort((a, b) => timeOf(b) - timeOf(a));
    const found = systems.map((one) => ({ ...one, others: systems.filter((other) => other !== one).map(otherSystem) }));
    return { found, rejected };
  } catch (error) {
    if (error instanceof PoolTrackerError) return { error, rejected };
    throw error;
  }
}

function otherSystem({ root, image, sharedData }: Kernel): OtherSystem {
  return { root, base: image.base, pdb: image.pdb, systemTime: sharedData.systemTime };
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

const timeOf = ({ sharedData }: Kernel): number => sharedData.systemTime.getTime();

/** Tries candidates, and keeps one root of each system that proves. */
class RootSearch {
  readonly systems: Kernel[] = [];
  readonly rejected: Rejection[] = [];
  private readonly known = new Set<PhysicalAddress>();
  /** The first root that proved. */
  private first = 0;

  constructor(private readonly memory: PhysicalMemory) {}

  get tried(): number {
    return this.known.size;
  }

  /** @param isEnough whether to stop before or after a candidate, when some root has proved or none has yet */
  async all(
    candidates: AsyncIterable<RootCandidate> | Iterable<RootCandidate>,
    isEnough: (found: boolean, candidate: RootCandidate, first: number) => boolean,
  ): Promise<void> {
    for await (const candidate of candidates) {
      if (this.known.has(candidate.address)) continue;
      if (this.known.size >= MAX_ROOTS || isEnough(this.systems.length > 0, candidate, this.first)) return;
      this.known.add(candidate.address);
      await this.prove(candidate);
    }
  }

  private async prove(candidate: RootCandidate): Promise<void> {
    const proved = await proveRoot(this.memory, candidate, this.systems);
    if (proved === 'known') return;
    if (!isMissing(proved)) {
      if (this.systems.length === 0) this.first = candidate.address;
      this.systems.push(proved);
      return;
    }
    if (this.rejected.length >= MAX_REJECTIONS) return;
    const { address, from } = candidate;
    this.rejected.push({ what: 'page-table-root', address: hex(address), from, reason: proved.missing });
  }
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

/** The kernel that a candidate leads to, `known` when it is that of a root before, or why it is refused. */
async function proveRoot(
  memory: PhysicalMemory,
  candidate: RootCandidate,
  systems: readonly Kernel[],
): Promise<Kernel | 'known' | Missing> {
  let refusal = '';
  for (const levels of [4, 5] as const) {
    const virtual = VirtualMemory.through(memory, candidate.address, levels);
    const sharedData = await readSharedData(virtual);
    if (typeof sharedData === 'string') {
      refusal ||= sharedData;
      continue;
    }
    // Every process maps the same page: its root leads to the kernel that is known already.
    if (systems.some((known) => isSameClock(known.sharedData, sharedData))) return 'known';
    const image = await kernelThrough(virtual, candidate);
    if (image !== null)
      return { memory: virtual, root: candidate.address, rootFrom: candidate.from, image, sharedData, others: [] };
    refusal =
      candidate.kernelEntry === null
        ? 'no kernel image is mapped'
        : `no kernel image lies near its entry ${hex(candidate.kernelEntry)}`;
  }
  return { missing: refusal };
}

function isSameClock(one: SharedData, other: SharedData): boolean {
  return one.systemTime.getTime() === other.systemTime.getTime() && one.build === other.build;
}

async function kernelThrough(memory: VirtualMemory, candidate: RootCandidate): Promise<KernelImage | null> {
  if (candidate.kernelEntry !== null) return kernelNear(memory, candidate.kernelEntry);
  const { hints } = memory.physical.image;
  for (const inside of [hints.psLoadedModuleList, hints.kdDebuggerDataBlock]) {
    const named = inside === undefined ? null : await kernelNear(memory, inside);
    if (named !== null) return named;
  }
  for await (const mapped of kernelsMapped(memory)) return mapped;
  return null;
}
