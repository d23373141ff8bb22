import { Examination, fact, seededSlots, slotsOnPage, unknown, type Doubt, type Fact } from '../proof/proof.js';
import { describeProof, judge, type LawProof } from '../table/hash-law.js';
import { isPrintableTag } from '../table/tag-name.js';
import { entriesOf, type ProcessorTag, TagTotals } from '../table/tag-totals.js';
import type { TrackerTable } from '../table/tracker-table.js';
import type { CarvedTables } from './carved-tables.js';
import type { CarvedExpansion } from './fit/expansion-pages.js';

/** Minimum share of the seeds: some of their pages may be lost, and unseeded tables have few of them in place. */
const SEEDED_SHARE = 0.25;

/** Facts about the carved system that its pages alone do not give. */
export interface CarvedSystem {
  /** From the container or KUSER_SHARED_DATA; null when neither gives it. */
  readonly processors: number | null;
  /** Whether all of the machine's memory was seen: then no page of a table can be missing. */
  readonly isWhole: boolean;
  /** Whether its kernel enters some tags before all others: Windows 10 and later. */
  readonly isSeeding: boolean;
}

/** The sums of carved tables, and doubts about them; tags that a doubt concerns are incomplete. */
export interface CarvedSums {
  readonly totals: TagTotals;
  /** Null when there is none, and when it was not found. */
  readonly expansion: TrackerTable | null;
  readonly doubts: readonly Doubt[];
  /** Table 0 against the hash law. */
  readonly proof: LawProof;
  /** The facts that can be asked without addresses. */
  readonly facts: readonly Fact[];
}

/** Sums carved tables; doubtful tags are marked. */
export function sumCarved(carved: CarvedTables, system: CarvedSystem): CarvedSums {
  const { shape, tables, partial } = carved;
  const { layout, hash } = shape.channel;
  const totals = new TagTotals(layout, shape.slots);
  const examination = new Examination(layout, shape.slots, hash);
  for (const [index, table] of tables.entries()) {
    totals.add(table);
    examination.take(table, index);
  }
  const expansion = expansionOf(carved, system);
  const doubts = [
    ...examination.finish(totals.totals()),
    ...systemDoubts(carved, system),
    ...placeDoubts(carved, system),
    ...strayKeys(carved, system),
    ...expansion.doubts,
  ];
  for (const doubt of doubts) totals.doubt(doubt);
  for (const slot of partial) totals.doubt({ slots: { first: slot, last: slot } });
  if (expansion.table !== null) totals.addExpansion(expansion.table);
  const proof = judge(tables[0]!.keys(), shape.slots, hash);
  return { totals, expansion: expansion.table, doubts, proof, facts: factsOf(carved, proof, system) };
}

function expansionOf({ expansions, tables, shape }: CarvedTables, { isWhole }: CarvedSystem): CarvedExpansion {
  if (expansions === null) return { table: null, doubts: [] };
  const { channel, slots } = shape;
  const keys = tables[0]!.keys().subarray(0, slots);
  return expansions.assemble(channel.layout, new Set(keys), isWhole);
}

function factsOf({ processors: seen, rivals }: CarvedTables, proof: LawProof, { processors }: CarvedSystem): Fact[] {
  const count = `the tables of ${seen} of ${processors ?? 'an unknown number of'} processors were seen`;
  return [
    fact('law', proof.lawful === proof.keys, describeProof(proof)),
    processors === null ? unknown('processor-count', count) : fact('processor-count', seen === processors, count),
    fact('latest', rivals === null, rivals ?? 'no pages of other, equally plausible tables were found'),
  ];
}

/** Reasons to doubt every tag. */
function systemDoubts(carved: CarvedTables, { processors, isWhole, isSeeding }: CarvedSystem): Doubt[] {
  const { processors: seen, rivals } = carved;
  const doubts: Doubt[] = [];
  const doubt = (code: Doubt['code'], message: string): void => void doubts.push({ code, message, slots: null });
  if (processors === null)
    doubt('processors-unknown', 'how many processors the machine has is not known: tables of some may lack');
  else if (seen !== processors)
    doubt(
      'fact-processor-count',
      `the tables of ${seen} of ${processors} processors were seen: every total may lack a share, or have one too many`,
    );
  if (!isWhole && isSeeding && !isSeeded(carved))
    doubt(
      'seeds-missing',
      'the tables lack tags that the kernel enters first, and not all of memory was seen: they may be others',
    );
  if (rivals !== null) doubt('carve-rival', rivals);
  return doubts;
}

/** Whether table 0 has at least some of the tags that the kernel enters first; the session pool's has none. */
function isSeeded({ shape, tables }: CarvedTables): boolean {
  const seeds = [...seededSlots(shape.slots)];
  return seeds.filter(([slot, key]) => tables[0]!.key(slot) === key).length >= seeds.length * SEEDED_SHARE;
}

/** Reasons to doubt the tags of individual pages. */
function placeDoubts({ shape, places, processors }: CarvedTables, { isWhole }: CarvedSystem): Doubt[] {
  const doubts: Doubt[] = [];
  for (const { index, live } of places) {
    const slots = slotsOnPage(index, shape.channel.layout, shape.slots);
    const count = live?.live.length ?? 0;
    if (live?.doubt != null)
      doubts.push({ code: 'carve-undecided', message: `the tables' page ${index}: ${live.doubt}`, slots });
    else if (count < processors && !isWhole)
      doubts.push({
        code: 'memory-unseen',
        message: `the tables' page ${index} was seen of ${count} of ${processors} processors, and not all of the machine's memory was seen`,
        slots,
      });
  }
  return doubts;
}

/** Displacement from which on a key that cannot be printed is no sign of a tag. */
const FAR = 64;

/** Entries of table 0 that look overwritten, where the page that they belong to may not have been seen. */
function strayKeys({ shape, tables }: CarvedTables, { isWhole }: CarvedSystem): Doubt[] {
  if (isWhole) return [];
  const doubts: Doubt[] = [];
  for (let slot = 0; slot < shape.slots; slot++) {
    const key = tables[0]!.key(slot);
    if (key <= 0 || isPrintableTag(key) || ((slot - shape.channel.hash(key)) & (shape.slots - 1)) <= FAR) continue;
    const message = `the key in slot ${slot} is no printable tag, and far from its home: it may have been overwritten`;
    doubts.push({ code: 'carve-undecided', message, slots: { first: slot, last: slot } });
  }
  return doubts;
}

/**
 * Entries by table: table 0 belongs to processor 0; the processors of the others are unknown.
 * @param sums of the tables, with every doubt
 */
export function processorTagsOf({ shape, tables }: CarvedTables, { totals, expansion }: CarvedSums): ProcessorTag[] {
  const tags = tables.flatMap((table, index) => [...entriesOf(table, 'table', shape.slots, index === 0 ? 0 : null)]);
  if (expansion !== null) tags.push(...entriesOf(expansion, 'expansion', 0, null));
  return tags.map((tag) => totals.marked(tag));
}
