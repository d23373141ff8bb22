import { isMissing, type Missing } from '../../errors.js';
import { hex, type PhysicalAddress } from '../../address.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import { VirtualMemory } from '../../memory/virtual-memory.js';
import { kernelNear, kernelsMapped, type KernelImage } from './kernel-image.js';
import { readSharedData, type SharedData } from './kuser-shared-data.js';
import type { RootCandidate } from './page-table-root.js';

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

/** A kernel that a page table root leads to. */
export interface FoundKernel {
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

/** Tries candidates, and keeps one root of each system that proves. */
export class RootSearch {
  readonly systems: FoundKernel[] = [];
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

/** The kernel that a candidate leads to, `known` when it is that of a root before, or why it is refused. */
async function proveRoot(
  memory: PhysicalMemory,
  candidate: RootCandidate,
  systems: readonly FoundKernel[],
): Promise<FoundKernel | 'known' | Missing> {
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
      return { memory: virtual, root: candidate.address, rootFrom: candidate.from, image, sharedData };
    refusal =
      candidate.kernelEntry === null
        ? 'no kernel image is mapped'
        : `no kernel image lies near its entry ${hex(candidate.kernelEntry)}`;
  }
  return { missing: refusal };
}

/** Whether both are of one system: every process maps the same page. */
export function isSameClock(one: SharedData, other: SharedData): boolean {
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
