import { Examination, slotsOnPage, type Doubt } from '../proof/proof.js';
import { entriesOf, type ProcessorTag, TagTotals } from '../table/tag-totals.js';
import type { CarvedTables } from './carved-tables.js';

/** Facts about the carved system that its pages alone do not give. */
export interface CarvedSystem {
  /** From the container or KUSER_SHARED_DATA; null when neither gives it. */
  readonly processors: number | null;
  /** Whether all of the machine's memory was seen: then no page of a table can be missing. */
  readonly isWhole: boolean;
}

/** The sums of carved tables, and doubts about them; tags that a doubt concerns are incomplete. */
export interface CarvedSums {
  readonly totals: TagTotals;
  readonly doubts: readonly Doubt[];
}

/** Sums carved tables; doubtful tags are marked. */
export function sumCarved(carved: CarvedTables, system: CarvedSystem): CarvedSums {
  const { shape, tables, expansion, partial } = carved;
  const { layout, hash } = shape.channel;
  const totals = new TagTotals(layout, shape.slots);
  const examination = new Examination(layout, shape.slots, hash);
  for (const [index, table] of tables.entries()) {
    totals.add(table);
    examination.take(table, index);
  }
  const doubts = [
    ...examination.finish(totals.totals()),
    ...systemDoubts(carved, system),
    ...placeDoubts(carved, system),
  ];
  for (const { slots } of doubts) totals.doubt(slots);
  for (const slot of partial) totals.doubt({ first: slot, last: slot });
  if (expansion !== null) totals.addExpansion(expansion);
  return { totals, doubts };
}

/** Reasons to doubt every tag. */
function systemDoubts({ processors: seen, rivals }: CarvedTables, { processors }: CarvedSystem): Doubt[] {
  const doubts: Doubt[] = [];
  const doubt = (code: Doubt['code'], message: string): void => void doubts.push({ code, message, slots: null });
  if (processors === null)
    doubt('processors-unknown', 'how many processors the machine has is not known: tables of some may lack');
  else if (seen !== processors)
    doubt(
      'fact-processor-count',
      `the tables of ${seen} of ${processors} processors were seen: every total may lack a share, or have one too many`,
    );
  if (rivals !== null) doubt('carve-rival', rivals);
  return doubts;
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

/** Entries by table: table 0 belongs to processor 0; the processors of the others are unknown. */
export function processorTagsOf({ shape, tables, expansion }: CarvedTables): ProcessorTag[] {
  const tags = tables.flatMap((table, index) => [...entriesOf(table, 'table', shape.slots, index === 0 ? 0 : null)]);
  return expansion === null ? tags : [...tags, ...entriesOf(expansion, 'expansion', 0, null)];
}
