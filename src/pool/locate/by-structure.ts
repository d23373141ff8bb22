import { hex, PAGE_SIZE, type VirtualAddress } from '../../address.js';
import {
  type Kernel,
  pointersOutside,
  type Rejection,
  type Section,
  writableSections,
} from '../../kernel/root/root.js';
import { fetchedAhead } from '../../memory/read-ahead.js';
import type { VirtualStretch } from '../../memory/virtual-memory.js';
import { MAX_TAG_TABLES } from '../../kernel/symbols/symbols.js';
import { factsOf, orderOf, refutation, type Candidate } from './candidate.js';
import { expansionByStructure } from './expansion/expansion-by-structure.js';
import { describeFacts, doubtsOf, fact, type Fact, type FactName } from '../proof/proof.js';
import { notLocated, type Located } from './located.js';
import { FIRST_PAGES, measureTable, type MeasuredTable } from './measure-table.js';
import { REVERSED, type TimeOrder } from './time-order.js';
import { readTagTables, type TagTablesArray } from './tag-tables-array.js';
import { standsNear } from './writable-sections.js';

async function candidatesAt(
  kernel: Kernel,
  sections: readonly Section[],
  address: VirtualAddress,
  places: readonly VirtualAddress[],
): Promise<Candidate[]> {
  const readings = await measureTable(kernel.memory, address);
  const near = readings.map(({ slots }) => ({
    sizeNear: places.some((place) => standsNear(sections, place, slots + 1)),
    maskNear: places.some((place) => standsNear(sections, place, slots - 1)),
  }));
  // Variables decide between the readings of one table; where they do not, the reading that fits the law best is used.
  const confirmed = readings.filter((_, index) => near[index]!.sizeNear && near[index]!.maskNear);
  // If every key of the widest reading obeys, N is not smaller: the keys beyond a smaller N would not obey. If some do
  // not, the readings are rivals: a page of the table is damaged.
  const [widest] = [...confirmed].sort((a, b) => b.slots - a.slots);
  const chosen = isWhole(widest)
    ? [readings.find((reading) => isWhole(reading) && isWiderThan(reading, widest)) ?? widest]
    : confirmed.length > 0
      ? confirmed
      : readings.slice(0, 1);
  const candidates: Candidate[] = [];
  for (const reading of chosen) {
    const array = await arrayAt(kernel, address, places, reading);
    candidates.push({ ...reading, ...near[readings.indexOf(reading)]!, address, places, array });
  }
  return candidates;
}

/** Keys beyond a table's end that are no coincidence where all of them obey the law of a wider one. */
const MIN_BEYOND = 4;

const isWhole = (reading: MeasuredTable | undefined): reading is MeasuredTable =>
  reading !== undefined && reading.proof.lawful === reading.proof.keys;

/** Variables that confirm a part of a table are another table's, or damaged. */
function isWiderThan(reading: MeasuredTable, confirmed: MeasuredTable): boolean {
  return reading.slots > confirmed.slots && reading.proof.keys >= confirmed.proof.keys + MIN_BEYOND;
}

const firstPages = ([address]: readonly [VirtualAddress, unknown]): VirtualStretch[] => [
  { address, length: FIRST_PAGES * PAGE_SIZE },
];

/** The array at the place that is followed by the most tables. */
async function arrayAt(
  kernel: Kernel,
  address: VirtualAddress,
  places: readonly VirtualAddress[],
  { table }: MeasuredTable,
): Promise<TagTablesArray | null> {
  const imageEnd = kernel.image.base + BigInt(kernel.image.header.imageSize);
  let best: TagTablesArray | null = null;
  for (const place of places) {
    const capacity = Math.min(MAX_TAG_TABLES, Number((imageEnd - place) / BigInt(kernel.memory.pointerSize)));
    const array = await readTagTables(kernel.memory, place, capacity, address, table);
    // The first word after PoolTrackTable itself, or after a stray pointer, is another variable.
    if (array.tables.length === 1 && array.strangers.length > 0) continue;
    if (best === null || isBetter(array, best)) best = array;
  }
  return best;
}

/** Prefers an array without strangers: PoolTrackTable itself may lie directly before ExPoolTagTables. */
function isBetter(one: TagTablesArray, other: TagTablesArray): boolean {
  const [own, theirs] = [one.strangers.length, other.strangers.length];
  if ((own === 0) !== (theirs === 0)) return own === 0;
  return one.tables.length > other.tables.length;
}

interface Judged {
  readonly candidate: Candidate;
  readonly facts: readonly Fact[];
  readonly refuted: string | null;
}

/** Whether a table is in the array of another one: the rest of an array looks like a shorter array. */
function isMemberOf({ address, array }: Candidate, candidates: readonly Candidate[]): boolean {
  const own = array?.tables.length ?? 1;
  return candidates.some(({ array: other }) => {
    if (other === null || other.tables.length <= own) return false;
    return other.tables.slice(1).some((table) => table.address === address);
  });
}

/** Checks the facts of every candidate, and the order in time of rivals. */
function judgeAll(candidates: readonly Candidate[], processors: number | null): Judged[] {
  // Each pair is compared once, seen from the first of the two.
  const orders = candidates.map((one, index) => candidates.slice(0, index).map((other) => orderOf(other, one)));
  const order = (one: number, other: number): TimeOrder =>
    one < other ? orders[other]![one]! : REVERSED[orders[one]![other]!];
  return candidates.map((candidate, own) => {
    const reasons = candidates.flatMap((rival, index) => {
      if (rival.address === candidate.address) return [];
      const reason = refutation(candidate, rival, order(own, index), processors);
      return reason === null ? [] : [`${hex(rival.address)}: ${reason}`];
    });
    const refuted = isMemberOf(candidate, candidates) ? "another processor's table" : (reasons[0] ?? null);
    return {
      candidate,
      refuted,
      facts: [
        ...factsOf(candidate, processors),
        fact('latest', refuted === null, refuted ?? 'no other table with the same tags counts further'),
      ],
    };
  });
}

/** Facts about the tables and the pointers to them, independent of other variables. */
const SHAPE: readonly FactName[] = ['identity', 'array-shape', 'processor-count'];

const holdsAll = ({ facts }: Judged): boolean =>
  facts.every(({ fact: name, outcome }) => outcome === 'held' || name === 'law');

/** The only candidate that is not refuted; a reason when there is none, or more than one. */
function decide(judged: readonly Judged[]): Judged | string {
  const standing = judged.filter(({ refuted }) => refuted === null);
  const proved = standing.filter(holdsAll);
  if (proved.length === 1) return proved[0]!;
  if (proved.length === 0) {
    // With damaged variables the tables themselves decide; failed facts mark the answer.
    const shaped = standing.filter(({ facts }) =>
      SHAPE.every((name) => facts.some((one) => one.fact === name && one.outcome === 'held')),
    );
    const [only, ...more] = shaped.length > 0 ? shaped : standing;
    if (only !== undefined && more.length === 0) return only;
  }
  const rivals = proved.length > 1 ? proved : standing;
  // Copies with identical counts give the same answer.
  if (rivals.length > 1 && rivals.slice(1).every((rival) => agree(rivals[0]!, rival))) return rivals[0]!;
  if (rivals.length === 0) return `each of ${judged.length} tables is refuted by another`;
  return `${rivals.length} tables stand, and nothing tells which is table 0: ${rivals.map(({ candidate, facts }) => `${hex(candidate.address)} (${describeFacts(facts.filter(({ outcome }) => outcome !== 'held'))})`).join(', ')}`;
}

function agree({ candidate: one }: Judged, { candidate: other }: Judged): boolean {
  const alone = (one.array?.tables.length ?? 1) === 1 && (other.array?.tables.length ?? 1) === 1;
  return alone && orderOf(one, other) === 'same';
}

/**
 * Locates the tables without symbols: the pointers in the kernel's writable sections lead to candidates, each of which
 * is checked against the facts that only table 0 meets. Candidates are refuted, not ranked; if two remain, or the
 * remaining one fails a fact, the answer is refused or marked.
 * @param named when given, the value of PoolTrackTable from the debugger block: no other table may take its place
 */
export async function locateByStructure(
  kernel: Kernel,
  processors: number | null,
  named?: VirtualAddress,
): Promise<Located> {
  const sections = await writableSections(kernel);
  const pointers = pointersOutside(kernel, sections, PAGE_SIZE);
  if (named !== undefined && !pointers.has(named)) return notLocated(`no variable of the kernel holds ${hex(named)}`);
  const candidates: Candidate[] = [];
  const members = new Set<VirtualAddress>();
  // Table 0 is named twice, and its array names the other processors' tables: these need no measuring of their own.
  const ordered = [...pointers].sort(([, one], [, other]) => other.length - one.length);
  for await (const [address, places] of fetchedAhead(kernel.memory, ordered, firstPages)) {
    if (members.has(address)) continue;
    for (const candidate of await candidatesAt(kernel, sections, address, places)) {
      candidates.push(candidate);
      if (candidate.array?.strangers.length === 0)
        for (const table of candidate.array.tables.slice(1)) members.add(table.address);
    }
  }
  const judged = judgeAll(candidates, processors);
  if (candidates.length === 0)
    return notLocated(
      `none of ${pointers.size} pointers in the kernel's writable sections leads to a table that obeys the hash law`,
    );
  const decided = decide(named === undefined ? judged : judged.filter(({ candidate }) => candidate.address === named));
  const rejected = judged
    .filter((one) => one !== decided && !isMember(one, decided))
    .map(({ candidate, facts }): Rejection => ({
      what: 'table',
      address: hex(candidate.address),
      from: 'structure',
      reason: describeFacts(facts.filter(({ outcome }) => outcome !== 'held')) || 'another table is as good',
      facts,
    }));
  if (typeof decided === 'string') return notLocated(decided, rejected);
  const located = await accepted(kernel, sections, pointers, decided);
  return { ...located, rejected: [...rejected, ...located.rejected] };
}

function isMember({ candidate }: Judged, decided: Judged | string): boolean {
  return (
    typeof decided !== 'string' &&
    (decided.candidate.array?.tables ?? []).some(({ address }) => address === candidate.address)
  );
}

async function accepted(
  kernel: Kernel,
  sections: readonly Section[],
  pointers: ReadonlyMap<VirtualAddress, readonly VirtualAddress[]>,
  { candidate, facts }: Judged,
): Promise<Located> {
  const { layout, slots, proof, table, array, address, places } = candidate;
  const known = new Set([address, ...(array?.tables ?? []).map((own) => own.address)]);
  const expansion = await expansionByStructure({
    kernel,
    sections,
    pointers,
    layout,
    slots,
    first: table,
    places,
    known,
  });
  return {
    reason: '',
    rejected: expansion.rejected,
    isVeto: false,
    tables: {
      locatedBy: 'structure',
      layout,
      slots,
      proof,
      expansion: expansion.expansion,
      facts: [...facts, ...expansion.facts],
      doubts: [...doubtsOf(facts), ...expansion.doubts],
      tables: array?.tables ?? [{ processor: 0, address }],
      unreadablePointers: array?.unreadable ?? 1,
    },
  };
}
