import { hex, virtualAddress, type VirtualAddress } from '../../../address.js';
import type { Kernel, Rejection, Section } from '../../../kernel/root/root.js';
import { describeFacts, doubtsOf, fact, type Doubt, type Fact } from '../../proof/proof.js';
import type { TrackerLayout } from '../../table/tracker-layout.js';
import type { TrackerTable } from '../../table/tracker-table.js';
import { timeOrder } from '../time-order.js';
import { standsNear } from '../writable-sections.js';
import { expansionSizeOf, expansionSizes } from './expansion-size.js';
import { measureStretch, type Stretch } from './expansion-stretch.js';
import { expansionDoubt, NO_EXPANSION, type ExpansionFinding } from './expansion-table.js';

/**
 * Maximum distance of the variables from the start and the end of ExPoolTagTables, and from PoolTrackTable: 0xE0 bytes
 * in 213 builds.
 */
const GAP = 0x200n;
/**
 * Lengths of ExPoolTagTables, in pointers: x86, then on x64 Vista, Windows 7, 8.1 and 10 1607, 10 1809 and later, Server
 * 2022 and later.
 */
const CAPACITIES = { 4: [32], 8: [64, 256, 640, 1280, 2048] } as const;
/** Maximum distance from table 0's variables of a pointer that is looked at. */
const REACH = 1n << 16n;
/** Maximum number of pointers followed. */
const MAX_CANDIDATES = 4096;

/** Where table 0 was found, and what lies around. */
export interface ExpansionSearch {
  readonly kernel: Kernel;
  readonly sections: readonly Section[];
  /** Page-aligned pointers of the kernel's data, each with its places. */
  readonly pointers: ReadonlyMap<VirtualAddress, readonly VirtualAddress[]>;
  readonly layout: TrackerLayout;
  readonly slots: number;
  readonly first: TrackerTable;
  /** Addresses of the pointers to table 0. */
  readonly places: readonly VirtualAddress[];
  /** Addresses of processors' tables. */
  readonly known: ReadonlySet<VirtualAddress>;
}

interface Candidate {
  readonly address: VirtualAddress;
  readonly stretch: Stretch;
  /** Its size as a variable near its pointer says; null when none does. */
  readonly size: number | null;
  readonly isInGap: boolean;
}

/** Pointers to table 0, and where an array that begins with one may end: variables of the tables lie around these. */
function landmarks({ places, kernel }: ExpansionSearch): VirtualAddress[] {
  const { pointerSize } = kernel.memory;
  return places.flatMap((place) => [
    place,
    ...CAPACITIES[pointerSize].map((length) => virtualAddress(place + BigInt(pointerSize * length))),
  ]);
}

/** Whether an address lies where the variables of the tables do. */
function isInGap(address: VirtualAddress, search: ExpansionSearch, gap = GAP): boolean {
  return landmarks(search).some((mark) => address >= mark - gap && address <= mark + gap);
}

/** Whether a variable there holds this value. */
function stands(search: ExpansionSearch, value: number): boolean {
  return landmarks(search).some((mark) => standsNear(search.sections, mark, value, GAP));
}

/** The size that a variable holds, of those that the used entries leave possible. */
function sizeOf(search: ExpansionSearch, { used, isEnded, isCut }: Stretch): number | null {
  const { layout } = search;
  if (isEnded) {
    const size = expansionSizeOf(Math.max(1, used), layout);
    return stands(search, size) ? size : null;
  }
  // A full table, after which something else looks like entries too, or one that goes on after a missing page: it ends
  // where the variable says.
  let last: number | null = null;
  for (const size of expansionSizes(layout))
    if ((isCut ? size >= used : size <= used) && stands(search, size)) last = size;
  return last;
}

/** Whether any variable holds a size that expansion tables grow to. */
function hasSize(search: ExpansionSearch): boolean {
  for (const size of expansionSizes(search.layout)) if (stands(search, size)) return true;
  return false;
}

async function candidatesOf(search: ExpansionSearch, inTable: ReadonlySet<number>): Promise<Candidate[]> {
  const { pointers, places, kernel, layout, known } = search;
  const candidates: Candidate[] = [];
  let tried = 0;
  for (const [address, at] of pointers) {
    const near = at.filter((place) => places.some((own) => place >= own - REACH && place <= own + REACH));
    if (near.length === 0 || known.has(address) || tried++ >= MAX_CANDIDATES) continue;
    const stretch = await measureStretch(kernel.memory, address, layout, inTable);
    const gap = near.filter((place) => isInGap(place, search));
    // Nothing could be read of it, or it holds nothing although a variable gives a size.
    const isSuspect = stretch.isCut || (stretch.isEnded && hasSize(search));
    if (stretch.used === 0 && !(isSuspect && gap.length > 0)) continue;
    candidates.push({ address, stretch, size: sizeOf(search, stretch), isInGap: gap.length > 0 });
  }
  return candidates;
}

function factsOf({ stretch, size, isInGap: isThere }: Candidate, refuted: string | null): Fact[] {
  const { used, isEnded, isCut } = stretch;
  const end = isEnded ? 'a free entry ends them' : isCut ? 'a missing page ends them' : 'no free entry ends them';
  return [
    fact('expansion-place', isThere, isThere ? 'named among the variables' : 'named far from the other variables'),
    fact(
      'expansion-size',
      size !== null,
      size === null ? `no variable holds a size that fits ${used} used entries` : `${size} entries, ${used} in use`,
    ),
    fact('expansion-keys', isEnded || (size !== null && used >= size), `${used} keys, none of them in table 0; ${end}`),
    fact('expansion-latest', refuted === null, refuted ?? 'no other table with these tags counts further'),
  ];
}

/** Why another candidate shows this one to be an outgrown copy; null when none does. */
function refutation(candidate: Candidate, candidates: readonly Candidate[], slots: number): string | null {
  for (const rival of candidates) {
    if (rival === candidate) continue;
    const order = timeOrder(candidate.stretch.table, rival.stretch.table, Math.min(slots, candidate.stretch.used));
    const isShorter = candidate.stretch.used < rival.stretch.used;
    if (order === 'older' || (order === 'same' && isShorter))
      return `${hex(rival.address)} holds its tags and counts further`;
  }
  return null;
}

/** A doubt where the pointer to an expansion table may lie on a missing page; none where it would have been seen. */
function unseen(search: ExpansionSearch): Doubt[] {
  const lost = search.sections.flatMap(({ missing }) => missing).find((page) => isInGap(page, search, GAP + 0x1000n));
  if (lost === undefined) return [];
  return [
    expansionDoubt(
      'expansion-unseen',
      `every slot is taken, and the page at ${hex(lost)}, where a pointer to an expansion table may lie, is missing`,
    ),
  ];
}

/**
 * Finds the expansion table without symbols. Tags go there only when every slot is taken, so a table with a free slot
 * needs no search. The table is the one that is named among the variables of the tables, has the size that a variable
 * there holds, and is no outgrown copy: copies are left in freed memory each time it grows, and any word may name one.
 */
export async function expansionByStructure(search: ExpansionSearch): Promise<ExpansionFinding> {
  if (search.first.hasFreeSlot(search.slots)) return NO_EXPANSION;
  const inTable = new Set(search.first.keys());
  const candidates = await candidatesOf(search, inTable);
  const judged = candidates.map((candidate) => {
    const refuted = refutation(candidate, candidates, Number.MAX_SAFE_INTEGER);
    return { candidate, refuted, facts: factsOf(candidate, refuted) };
  });
  const standing = judged.filter(({ refuted }) => refuted === null);
  const proved = standing.filter(({ facts }) => facts.every(({ outcome }) => outcome === 'held'));
  const [accepted, ...more] = proved.length > 0 ? proved : standing;
  const rejected = judged
    .filter((one) => one !== accepted || more.length > 0)
    .map(({ candidate, facts }): Rejection => ({
      what: 'table',
      address: hex(candidate.address),
      from: 'structure, as an expansion table',
      reason: describeFacts(facts.filter(({ outcome }) => outcome !== 'held')) || 'another one is as good',
      facts,
    }));
  if (accepted === undefined) return { ...NO_EXPANSION, rejected, doubts: unseen(search) };
  if (more.length > 0) {
    const message = `${more.length + 1} tables may be the expansion table, and nothing tells which: it is left out`;
    return { ...NO_EXPANSION, rejected, doubts: [expansionDoubt('expansion-undecided', message)] };
  }
  const { candidate, facts } = accepted;
  const entries = candidate.size ?? candidate.stretch.used;
  if (candidate.stretch.used === 0) {
    const message = `nothing could be read at ${hex(candidate.address)}, which may be the expansion table`;
    return { ...NO_EXPANSION, rejected, doubts: [expansionDoubt('expansion-unread', message)] };
  }
  return { expansion: { address: candidate.address, entries }, facts, doubts: doubtsOf(facts), rejected };
}
