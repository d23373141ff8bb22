import { isMissing, type Missing, PoolTrackerError } from '../../errors.js';
import { hex, type PhysicalAddress } from '../../address.js';
import type { Architecture } from '../../image/image.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import { VirtualMemory } from '../../memory/virtual-memory.js';
import { kernelNear, kernelsMapped, type KernelImage } from './kernel-image.js';
import { readSharedData, type SharedData } from './kuser-shared-data.js';
import { containerRoots, lowStubRoots, selfReferringRoots, type RootCandidate } from './page-table-root.js';

export type { KernelImage } from './kernel-image.js';
export { type SharedData, decodeSharedData } from './kuser-shared-data.js';

/** A candidate that was rejected, and why: kept for `info` and the image record. */
export interface Rejection {
  readonly what: 'page-table-root' | 'kernel' | 'table';
  readonly address: string;
  readonly from: string;
  readonly reason: string;
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
}

/** Self-referencing pages tried before giving up: a busy server has several thousand processes. */
const MAX_ROOTS = 4096;
/** Rejections kept; how many candidates there were, the error says. */
const MAX_REJECTIONS = 64;

async function* rootCandidates(memory: PhysicalMemory): AsyncGenerator<RootCandidate> {
  yield* containerRoots(memory);
  yield* lowStubRoots(memory);
  yield* selfReferringRoots(memory);
}

/**
 * Finds the kernel's page table root and image. A root counts only when KUSER_SHARED_DATA is mapped and sane through
 * it and it leads to a kernel image: the one that its witness names (low stub, crash header), else any that is mapped.
 * @returns the kernel; else NO_KERNEL, or the error of a read that failed on the way
 */
export async function findKernel(memory: PhysicalMemory): Promise<Search<Kernel>> {
  const rejected: Rejection[] = [];
  const tried = new Set<PhysicalAddress>();
  const { architecture = 'x64' } = memory.image.hints;
  if (architecture !== 'x64') return { error: noWalkOf(memory, architecture), rejected };
  try {
    for await (const candidate of rootCandidates(memory)) {
      if (tried.has(candidate.address)) continue;
      tried.add(candidate.address);
      if (tried.size > MAX_ROOTS) break;
      const proved = await proveRoot(memory, candidate);
      if (!isMissing(proved)) return { found: proved, rejected };
      if (rejected.length < MAX_REJECTIONS) {
        const { address, from } = candidate;
        rejected.push({ what: 'page-table-root', address: hex(address), from, reason: proved.missing });
      }
    }
    return { error: noKernel(memory, tried.size, rejected.at(-1)), rejected };
  } catch (error) {
    if (error instanceof PoolTrackerError) return { error, rejected };
    throw error;
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

/** The kernel that a candidate leads to, or why it is refused. */
async function proveRoot(memory: PhysicalMemory, candidate: RootCandidate): Promise<Kernel | Missing> {
  let refusal = '';
  for (const levels of [4, 5] as const) {
    const virtual = VirtualMemory.through(memory, candidate.address, levels);
    const sharedData = await readSharedData(virtual);
    if (typeof sharedData === 'string') {
      refusal ||= sharedData;
      continue;
    }
    const image = await kernelThrough(virtual, candidate);
    if (image !== null)
      return { memory: virtual, root: candidate.address, rootFrom: candidate.from, image, sharedData };
    refusal =
      candidate.kernelEntry === null
        ? 'no kernel image is mapped'
        : `no kernel image lies near its entry ${hex(candidate.kernelEntry)}`;
  }
  return { missing: refusal };
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
