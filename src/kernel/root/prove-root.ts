import { hex } from '../../address.js';
import { isMissing, type Missing } from '../../errors.js';
import type { PhysicalMemory } from '../../memory/physical-memory.js';
import { VirtualMemory } from '../../memory/virtual-memory.js';
import type { FoundKernel } from './kernel.js';
import { kernelNear, kernelsMapped, type KernelImage, type Looks } from './kernel-image.js';
import { readSharedData, type SharedData } from './kuser-shared-data.js';
import type { RootCandidate } from './page-table-root.js';

/** Pages looked at behind one root: 4 GiB of small ones. */
const MAX_LOOKS = 1 << 20;

/**
 * The kernel that a candidate leads to, `known` when it is that of a root before, or why it is refused: as the kind of
 * page tables by which it led furthest.
 * @param looks what all candidates may look at, which is taken from
 */
export async function proveRoot(
  memory: PhysicalMemory,
  candidate: RootCandidate,
  systems: readonly FoundKernel[],
  looks: Looks,
): Promise<FoundKernel | 'known' | Missing> {
  const { address, from: rootFrom, kernelEntry, pagings } = candidate;
  let refusal = '';
  for (const paging of pagings) {
    const virtual = VirtualMemory.through(memory, address, paging);
    const { root } = virtual.pageTable;
    const sharedData = await readSharedData(virtual);
    if (isMissing(sharedData)) {
      refusal ||= sharedData.missing;
      continue;
    }
    // Every process maps the same page: its root leads to the kernel that is known already.
    if (systems.some((known) => isSameClock(known.sharedData, sharedData))) return 'known';
    const ofBuild = virtual.ofBuild(buildOf(sharedData));
    const own = { pages: Math.min(looks.pages, MAX_LOOKS) };
    looks.pages -= own.pages;
    const image = await kernelThrough(ofBuild, candidate, own);
    looks.pages += own.pages;
    if (image !== null) return { memory: ofBuild, root, rootFrom, image, sharedData };
    refusal =
      kernelEntry === null ? 'no kernel image is mapped' : `no kernel image lies near its entry ${hex(kernelEntry)}`;
  }
  return { missing: refusal };
}

/** Before Windows 10 the page does not tell the build: then the last one of before. */
function buildOf({ build, majorVersion }: SharedData): number {
  return majorVersion < 10 ? 9600 : build;
}

/** Whether both are of one system: every process maps the same page. */
export function isSameClock(one: SharedData, other: SharedData): boolean {
  return one.systemTime.getTime() === other.systemTime.getTime() && one.build === other.build;
}

async function kernelThrough(
  memory: VirtualMemory,
  candidate: RootCandidate,
  looks: Looks,
): Promise<KernelImage | null> {
  if (candidate.kernelEntry !== null) return kernelNear(memory, candidate.kernelEntry, looks);
  const { hints } = memory.physical.image;
  for (const inside of [hints.psLoadedModuleList, hints.kdDebuggerDataBlock]) {
    const named = inside === undefined ? null : await kernelNear(memory, inside, looks);
    if (named !== null) return named;
  }
  for await (const mapped of kernelsMapped(memory, looks)) return mapped;
  return null;
}
