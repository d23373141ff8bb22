import type { VirtualAddress } from '../../address.js';
import type { Missing } from '../../errors.js';
import { walkRing } from '../../memory/structures.js';
import type { Kernel } from '../root/root.js';
import { offsetsThatFit } from './field-search.js';
import { listHeads } from './list-heads.js';
import { idRule, nameRule, systemAmong } from './process-fields.js';
import { Specimen } from './specimen.js';

/** A list whose members are processes, by what lies around their links; offsets are relative to the links. */
export interface ProcessRing {
  readonly head: VirtualAddress;
  /** In the order of the list. */
  readonly members: readonly Specimen[];
  /** Offsets that hold ids: different multiples of 4, one of them System's. */
  readonly ids: readonly number[];
}

/** Bytes before and behind the links that are looked at; no EPROCESS is larger. */
export const AROUND_LINKS = { from: -0x800, to: 0xc00 };
/** Members that are looked at. */
const MAX_MEMBERS = 256;
/** Members that are looked at first: most lists are none of processes. */
const FIRST_LOOK = 8;
/** Fewer prove nothing; a system that has just started has more. */
const MIN_MEMBERS = 3;

/** The list at a head, when its members are processes; else why they are none. */
async function ringAt({ memory }: Kernel, head: VirtualAddress): Promise<ProcessRing | Missing> {
  const { entries } = await walkRing(memory, head, MAX_MEMBERS);
  if (entries.length < MIN_MEMBERS) return { missing: `it has ${entries.length} members that can be read` };
  const read = (some: readonly VirtualAddress[]): Promise<Specimen[]> =>
    Promise.all(some.map((entry) => Specimen.read(memory, entry, AROUND_LINKS.from, AROUND_LINKS.to)));
  const first = await read(entries.slice(0, FIRST_LOOK));
  const idsOf = (members: readonly Specimen[]): number[] =>
    offsetsThatFit(members, AROUND_LINKS, idRule(members, memory.pointerSize));
  if (idsOf(first).length === 0) return { missing: 'no offset holds ids in its members' };
  const members = [...first, ...(await read(entries.slice(FIRST_LOOK)))];
  const ids = idsOf(members).filter((offset) => isNamed(members, systemAmong(members, offset)));
  return ids.length > 0 ? { head, members, ids } : { missing: 'none of its members is System, id 4' };
}

/** Whether a member has System's name somewhere, and the others names at the same place. */
function isNamed(members: readonly Specimen[], system: Specimen | null): boolean {
  return system !== null && offsetsThatFit(members, AROUND_LINKS, nameRule(system)).length > 0;
}

/**
 * Finds lists in the kernel's data whose members are processes; why there are none, when there are none.
 * @param named the head, where something names it: no other list may take its place
 */
export async function findProcessRings(
  kernel: Kernel,
  named: VirtualAddress | null,
): Promise<readonly ProcessRing[] | Missing> {
  if (named !== null) {
    const ring = await ringAt(kernel, named);
    return 'missing' in ring
      ? { missing: `the list at PsActiveProcessHead is none of processes: ${ring.missing}` }
      : [ring];
  }
  const rings: ProcessRing[] = [];
  for await (const { address } of listHeads(kernel)) {
    const ring = await ringAt(kernel, address);
    if (!('missing' in ring)) rings.push(ring);
  }
  return rings.length > 0 ? rings : { missing: "no list in the kernel's data leads to processes" };
}
