import { PoolTrackerError } from '../../errors.js';
import { hex, type PhysicalAddress } from '../../address.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import { VirtualMemory } from '../../memory/virtual-memory.js';
import { X64PageTable } from '../../memory/paging/x64.js';
import { kernelNear, kernelsMapped, type KernelImage } from './kernel-image.js';
import { readSharedData, type SharedData } from './kuser-shared-data.js';
import { containerRoots, lowStubRoots, selfReferringRoots, type RootCandidate } from './page-table-root.js';

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
}

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
/** Maximum number of rejections kept. */
const MAX_REJECTIONS = 64;

async function* rootCandidates(memory: PhysicalMemory): AsyncGenerator<RootCandidate> {
  yield* containerRoots(memory);
  yield* lowStubRoots(memory);
  yield* selfReferringRoots(memory);
}

/**
 * Finds the kernel's page table root and image. A root counts only when KUSER_SHARED_DATA is mapped and sane through it
 * and it leads to a kernel image: the one that is named together with it (low stub, crash header), else any that is
 * mapped.
 * @param rejected receives every candidate that is rejected, also when none is accepted
 * @throws PoolTrackerError NO_KERNEL
 */
export async function findKernel(memory: PhysicalMemory, rejected: Rejection[] = []): Promise<Kernel> {
  const architecture = memory.image.hints.architecture ?? 'x64';
  if (architecture !== 'x64') {
    throw new PoolTrackerError(
      'NO_KERNEL',
      `${memory.image.source.name}: walking needs an x64 kernel, the image is of ${architecture}`,
      {
        hint: 'carving needs no page tables: --method carve',
      },
    );
  }
  const tried = new Set<PhysicalAddress>();
  for await (const candidate of rootCandidates(memory)) {
    if (tried.has(candidate.address)) continue;
    tried.add(candidate.address);
    if (tried.size > MAX_ROOTS) break;
    const outcome = await proveRoot(memory, candidate);
    if (typeof outcome !== 'string') return outcome;
    if (rejected.length < MAX_REJECTIONS) {
      rejected.push({
        what: 'page-table-root',
        address: hex(candidate.address),
        from: candidate.from,
        reason: outcome,
      });
    }
  }
  const last = rejected.at(-1);
  const why =
    last === undefined
      ? 'no page looks like a page table root'
      : `${tried.size} candidates refused, the last (${last.address}, ${last.from}): ${last.reason}`;
  throw new PoolTrackerError('NO_KERNEL', `${memory.image.source.name}: no running x64 Windows kernel found: ${why}`, {
    hint: 'is it a Windows image, and whole? --image-format forces the container; --method carve needs no page tables',
    data: { candidates: tried.size },
  });
}

async function proveRoot(memory: PhysicalMemory, candidate: RootCandidate): Promise<Kernel | string> {
  let refusal = '';
  for (const levels of [4, 5] as const) {
    const virtual = new VirtualMemory(new X64PageTable(memory, candidate.address, levels));
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
  return refusal;
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
