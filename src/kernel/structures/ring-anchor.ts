import { hex, virtualAddress, type VirtualAddress } from '../../address.js';
import { isMissing, type Missing } from '../../errors.js';
import { type Kernel, pointersOutside, writableSections } from '../root/root.js';
import { type ClientIds, DISPATCHER_PROCESS } from './client-ids.js';
import { outweighs } from './field-search.js';
import { systemAmong } from './process-fields.js';
import { AROUND_LINKS, type ProcessRing } from './process-rings.js';

/** A list of processes of which it is known where in EPROCESS its links and the ids lie. */
export interface AnchoredRing {
  readonly head: VirtualAddress;
  /** Addresses of the EPROCESS structures, in the order of the list. */
  readonly processes: readonly VirtualAddress[];
  /** Offsets in EPROCESS. */
  readonly linksAt: number;
  readonly idAt: number;
}

/** Objects of the pool begin at multiples of two pointers. */
const ALIGNMENT = 2;

/** Offsets of the links by PspCidTable, whose entries lead to the beginning of each process. */
function linksByIds({ members }: ProcessRing, idFromLinks: number, { processes }: ClientIds): number[] {
  const counts = new Map<number, number>();
  let known = 0;
  for (const member of members) {
    const object = processes.get(member.id(idFromLinks) ?? 0);
    if (object === undefined) continue;
    known++;
    const linksAt = Number(member.address - object);
    counts.set(linksAt, (counts.get(linksAt) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => outweighs(count, known - count)).map(([linksAt]) => linksAt);
}

/**
 * Offsets of the links where PspCidTable does not tell: each EPROCESS begins with a DISPATCHER_HEADER of type 3, and
 * PsInitialSystemProcess, a variable of the kernel's, leads to that of System.
 */
async function linksByHeader(kernel: Kernel, { members }: ProcessRing, idFromLinks: number): Promise<number[]> {
  const system = systemAmong(members, idFromLinks);
  const pointers = pointersOutside(kernel, await writableSections(kernel), kernel.memory.pointerSize);
  const fitting: number[] = [];
  const step = ALIGNMENT * kernel.memory.pointerSize;
  for (let linksAt = 0; linksAt <= -AROUND_LINKS.from; linksAt += kernel.memory.pointerSize) {
    const start = system === null ? null : virtualAddress(system.address - BigInt(linksAt));
    if (start === null || start % BigInt(step) !== 0n || !pointers.has(start)) continue;
    const types = members.flatMap((member) => member.byte(-linksAt) ?? []);
    const processes = types.filter((type) => type === DISPATCHER_PROCESS).length;
    if (outweighs(processes, types.length - processes)) fitting.push(linksAt);
  }
  return fitting;
}

/** Every reading of a list: where its links lie in EPROCESS, and where the ids. */
async function readingsOf(kernel: Kernel, ring: ProcessRing, clients: ClientIds | Missing): Promise<AnchoredRing[]> {
  const readings: AnchoredRing[] = [];
  for (const idFromLinks of ring.ids) {
    const links = isMissing(clients)
      ? await linksByHeader(kernel, ring, idFromLinks)
      : linksByIds(ring, idFromLinks, clients);
    for (const linksAt of links) {
      if (linksAt <= 0 || linksAt + idFromLinks <= 0) continue;
      readings.push({
        head: ring.head,
        processes: ring.members.map(({ address }) => virtualAddress(address - BigInt(linksAt))),
        linksAt,
        idAt: linksAt + idFromLinks,
      });
    }
  }
  return readings;
}

/**
 * Of all lists of processes the one at PsActiveProcessHead. The memory manager keeps a list of all processes, too; the
 * active one's links stand directly behind the id in every Windows, and only where that decides is it taken.
 */
export async function theActiveRing(
  kernel: Kernel,
  rings: readonly ProcessRing[],
  clients: ClientIds | Missing,
): Promise<AnchoredRing | Missing> {
  const readings: AnchoredRing[] = [];
  for (const ring of rings) readings.push(...(await readingsOf(kernel, ring, clients)));
  if (readings.length === 0) return { missing: 'where in a process the links of the list lie cannot be told' };
  const adjacent = readings.filter(({ linksAt, idAt }) => linksAt - idAt === kernel.memory.pointerSize);
  const [only, second] = readings.length === 1 ? readings : adjacent;
  if (only !== undefined && second === undefined && readings.every((other) => isSameSystem(only, other))) return only;
  const heads = [...new Set(readings.map(({ head }) => hex(head)))];
  return {
    missing:
      heads.length > 1
        ? `${heads.length} lists lead to processes, and nothing tells which is the active one: their heads are ${heads.join(', ')}`
        : `${readings.length} readings of the list at ${heads[0]} stand`,
  };
}

/** Whether two lists go through the same processes. */
function isSameSystem(one: AnchoredRing, other: AnchoredRing): boolean {
  const known = new Set(one.processes);
  return other.processes.some((process) => known.has(process));
}
